/* Boosted trees as LightGBM writes them: read a text model, score one row, attribute one output to the features.
 *
 * Freestanding: of the C library only these four are used, and the interpreter's process already has them. */
#ifndef TREES_H
#define TREES_H

#include <stddef.h>
#include <stdint.h>

extern void *malloc(size_t size);
extern void *realloc(void *old, size_t size);
extern void free(void *old);
extern double strtod(const char *text, char **end);

enum { CATEGORICAL = 1, DEFAULT_LEFT = 2, MISSING_ZERO = 4, MISSING_NAN = 8, MISSING = 12 };
enum { MAX_DEPTH = 1000, MAX_PATH_FEATURES = 64 };

/* child[0] is taken by rows at or below the threshold (or in the category set); a negative child c is leaf ~c. */
typedef struct {
    union {
        double threshold;
        struct { uint32_t first, words; } set;
    };
    int32_t feature, child[2], kind;
} Node;

typedef struct { double of[2]; } Shares; /* training rows that went to each child, as a share of the node's */

typedef struct {
    int32_t node, leaf, leaves; /* first node, first leaf, number of leaves */
    int32_t path_features;      /* most different features on one path */
    double expected;            /* mean leaf value over the training rows */
} Tree;

typedef struct {
    int32_t features, outputs;
    int32_t trees, nodes, leaves, words;
    int32_t tree_room, node_room, leaf_room, word_room;
    Tree *tree;
    Node *node;
    Shares *share;
    double *leaf;
    uint32_t *set;
} Model;

/* 1 if a row goes to the right child: Tree::Decision of LightGBM 4 (include/LightGBM/tree.h). */
static inline int goes_right(const Node *node, const uint32_t *sets, const double *row)
{
    double x = row[node->feature];
    int kind = node->kind;
    if (kind & CATEGORICAL) {
        /* Codes past any set (and NaN, for which both comparisons fail) are in none. */
        if (!(x > -1.0 && x < 2147483648.0))
            return 1;
        uint32_t code = (uint32_t)x;
        return code / 32 >= node->set.words || !(sets[node->set.first + code / 32] >> (code % 32) & 1);
    }
    if (x != x) {
        if (kind & MISSING_NAN)
            return !(kind & DEFAULT_LEFT);
        x = 0.0;
    }
    if ((kind & MISSING_ZERO) && x >= -1e-35f && x <= 1e-35f)
        return !(kind & DEFAULT_LEFT);
    return !(x <= node->threshold);
}

#endif

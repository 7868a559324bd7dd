/* Exact path-dependent TreeSHAP (Lundberg et al. 2020) by quadrature.
 *
 * On the path to a leaf of value v let feature i have the factor z_i (the share of training rows that follow the path at
 * its splits) and o_i (1 if the row follows them, else 0). The leaf's part of phi_i is
 *
 *     v (o_i - z_i) * integral over t from 0 to 1 of  prod over j != i of  ((1 - t) z_j + t o_j)
 *
 * the multilinear extension of the Shapley value (Owen 1972). The integrand is a polynomial in t of a degree below the
 * number D of different features on the path, so Gauss-Legendre quadrature with D / 2 points or more is exact. All leaves
 * are summed in one walk, as in Linear TreeSHAP (Yu et al. 2022), whose polynomial arithmetic this replaces: the weights
 * are positive and nothing is divided by what may vanish, so that rounding stays at the last digits.
 */
#include "trees.h"
#include "quadrature.h"

typedef double Two __attribute__((vector_size(16), aligned(8)));

/* What the path holds of a feature: nothing, a split that the row did not follow, or (>= 0) the share of rows. */
#define ABSENT (-1.0)
#define COLD (-2.0)

typedef struct {
    const Node *node;
    const Shares *share;
    const double *leaf, *row;
    const uint32_t *set;
    const Two *point, *quad; /* nodes and weights of the quadrature */
    Two cold[MAX_PATH_FEATURES / 4];
    double *state, *out;
} Walk;

#define POINTS 4
#include "shap_walk.h"
#undef POINTS
#define POINTS 6
#include "shap_walk.h"
#undef POINTS
#define POINTS 8
#include "shap_walk.h"
#undef POINTS
#define POINTS 12
#include "shap_walk.h"
#undef POINTS
#define POINTS 16
#include "shap_walk.h"
#undef POINTS
#define POINTS 32
#include "shap_walk.h"
#undef POINTS

static const struct {
    int points;
    const double *point, *weight;
    void (*walk)(Walk *, int32_t, const Two *, Two *);
} RULES[] = {
    {4, POINT_4, WEIGHT_4, walk_4},
    {6, POINT_6, WEIGHT_6, walk_6},
    {8, POINT_8, WEIGHT_8, walk_8},
    {12, POINT_12, WEIGHT_12, walk_12},
    {16, POINT_16, WEIGHT_16, walk_16},
    {32, POINT_32, WEIGHT_32, walk_32},
};

/* out[features + 1]: contributions to raw score `output`; the last one is the expected raw score. Returns 0, 1 if a path
 * holds more than MAX_PATH_FEATURES different features, or 2 without memory. */
int trees_contributions(const Model *model, const double *row, int output, double *out)
{
    for (int32_t f = 0; f <= model->features; f++)
        out[f] = 0.0;
    double *state = malloc((size_t)model->features * sizeof *state);
    if (!state)
        return 2;
    for (int32_t f = 0; f < model->features; f++)
        state[f] = ABSENT;
    Walk walk = {.row = row, .set = model->set, .state = state, .out = out};
    int known = -1, code = 0;
    for (int32_t t = output; t < model->trees; t += model->outputs) {
        const Tree *tree = model->tree + t;
        out[model->features] += tree->expected;
        if (tree->leaves == 1)
            continue;
        int rule = 0;
        while (rule < (int)(sizeof RULES / sizeof *RULES) - 1 && 2 * RULES[rule].points < tree->path_features)
            rule++;
        if (2 * RULES[rule].points < tree->path_features) {
            code = 1;
            break;
        }
        if (rule != known) {
            walk.point = (const Two *)RULES[rule].point, walk.quad = (const Two *)RULES[rule].weight;
            for (int i = 0; i < RULES[rule].points / 2; i++)
                walk.cold[i] = walk.quad[i] / (1.0 - walk.point[i]);
            known = rule;
        }
        Two weight[MAX_PATH_FEATURES / 4], sum[MAX_PATH_FEATURES / 4];
        for (int i = 0; i < RULES[rule].points / 2; i++)
            weight[i] = (Two){1, 1};
        walk.node = model->node + tree->node, walk.share = model->share + tree->node, walk.leaf = model->leaf + tree->leaf;
        RULES[rule].walk(&walk, 0, weight, sum);
    }
    free(state);
    return code;
}

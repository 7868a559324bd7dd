/* Raw scores of one row. */
#include "trees.h"

/* Trees walked at once: each step waits for memory, and the steps of different trees wait together. */
enum { ABREAST = 4 };

/* Adds in the library's order, tree by tree: the sums are the same to the last bit. out[outputs]. */
void trees_raw(const Model *model, const double *row, double *out)
{
    int32_t outputs = model->outputs, output = 0;
    for (int32_t k = 0; k < outputs; k++)
        out[k] = 0.0;
    for (int32_t first = 0; first < model->trees; first += ABREAST) {
        const Node *nodes[ABREAST];
        int32_t at[ABREAST], count = model->trees - first < ABREAST ? model->trees - first : ABREAST, walking = 0;
        for (int j = 0; j < ABREAST; j++) {
            const Tree *tree = model->tree + first + (j < count ? j : 0);
            nodes[j] = model->node + tree->node;
            at[j] = tree->leaves > 1 ? 0 : -1;
            walking |= at[j] >= 0;
        }
        while (walking) {
            walking = 0;
            for (int j = 0; j < ABREAST; j++)
                if (at[j] >= 0) {
                    at[j] = nodes[j][at[j]].child[goes_right(nodes[j] + at[j], model->set, row)];
                    walking |= at[j] >= 0;
                }
        }
        for (int j = 0; j < count; j++) {
            out[output] += model->leaf[model->tree[first + j].leaf + ~at[j]];
            output = output + 1 == outputs ? 0 : output + 1;
        }
    }
}

/* The raw scores of several models, one after the other: out[sum of their outputs]. */
void trees_raw_each(const Model *const *models, int32_t count, const double *row, double *out)
{
    for (int32_t i = 0; i < count; out += models[i++]->outputs)
        trees_raw(models[i], row, out);
}

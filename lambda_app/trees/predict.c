/* Raw scores of one row. */
#include "trees.h"

/* Adds in the library's order, tree by tree: the sums are the same to the last bit. out[outputs]. */
void trees_raw(const Model *model, const double *row, double *out)
{
    int32_t outputs = model->outputs, output = 0;
    for (int32_t k = 0; k < outputs; k++)
        out[k] = 0.0;
    for (int32_t t = 0; t < model->trees; t++) {
        const Tree *tree = model->tree + t;
        const Node *nodes = model->node + tree->node;
        int32_t at = tree->leaves > 1 ? 0 : -1;
        while (at >= 0)
            at = nodes[at].child[goes_right(nodes + at, model->set, row)];
        out[output] += model->leaf[tree->leaf + ~at];
        output = output + 1 == outputs ? 0 : output + 1;
    }
}

/* One descent, for POINTS quadrature points (an even number). Included once for each number of points. */
#define GLUE_(a, b) a##b
#define GLUE(a, b) GLUE_(a, b)
#define LANES (POINTS / 2)
#define WALK GLUE(walk_, POINTS)

/* weight[points]: product of the factors of the features on the path so far. below[points] (written): the sum over the
 * leaves under `at` of value times product. */
static void WALK(Walk *walk, int32_t at, const Two *weight, Two *below)
{
    const Two *point = walk->point, *cold = walk->cold;
    if (at < 0) {
        double value = walk->leaf[~at];
        for (int i = 0; i < LANES; i++)
            below[i] = value * weight[i];
        return;
    }
    const Node *node = walk->node + at;
    const double *share = walk->share[at].of;
    double *state = walk->state + node->feature, before = *state;
    int taken = goes_right(node, walk->set, walk->row);
    Two next[LANES], sum[LANES], ratio[LANES];
    if (before == COLD) {
        /* The feature's factor is z(1 - t) already; another split on it only scales z. */
        for (int side = 0; side < 2; side++) {
            for (int i = 0; i < LANES; i++)
                next[i] = share[side] * weight[i];
            WALK(walk, node->child[side], next, side ? sum : below);
        }
        for (int i = 0; i < LANES; i++)
            below[i] += sum[i];
        return;
    }
    Two total = {0, 0};
    if (before == ABSENT) {
        double z = share[taken];
        for (int i = 0; i < LANES; i++) {
            Two factor = z + (1.0 - z) * point[i];
            ratio[i] = (1.0 - z) / factor;
            next[i] = factor * weight[i];
        }
        *state = z;
        WALK(walk, node->child[taken], next, below);
        for (int i = 0; i < LANES; i++)
            total += below[i] * ratio[i] * walk->quad[i];
        z = share[!taken];
        for (int i = 0; i < LANES; i++)
            next[i] = z * (1.0 - point[i]) * weight[i];
        *state = COLD;
        WALK(walk, node->child[!taken], next, sum);
        for (int i = 0; i < LANES; i++)
            total -= sum[i] * cold[i], below[i] += sum[i];
    } else {
        /* Again on the path: the new factor replaces the old one, and so does its term. */
        double z = before * share[taken];
        for (int i = 0; i < LANES; i++) {
            Two old = before + (1.0 - before) * point[i], factor = z + (1.0 - z) * point[i];
            ratio[i] = (1.0 - before) / old;
            sum[i] = (1.0 - z) / factor - ratio[i];
            next[i] = weight[i] * factor / old;
        }
        Two term[LANES];
        for (int i = 0; i < LANES; i++)
            term[i] = sum[i];
        *state = z;
        WALK(walk, node->child[taken], next, below);
        for (int i = 0; i < LANES; i++)
            total += below[i] * term[i] * walk->quad[i];
        z = before * share[!taken];
        for (int i = 0; i < LANES; i++) {
            Two old = before + (1.0 - before) * point[i];
            next[i] = weight[i] * (z * (1.0 - point[i])) / old;
        }
        *state = COLD;
        WALK(walk, node->child[!taken], next, sum);
        for (int i = 0; i < LANES; i++)
            total -= sum[i] * (cold[i] + ratio[i] * walk->quad[i]), below[i] += sum[i];
    }
    *state = before;
    walk->out[node->feature] += total[0] + total[1];
}

#undef GLUE_
#undef GLUE
#undef LANES
#undef WALK

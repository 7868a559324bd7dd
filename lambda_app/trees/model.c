/* Read a LightGBM text model. Nothing in the text is trusted: a wrong one costs one student, never the process. */
#include "trees.h"

enum {
    OK, NO_MEMORY, NOT_A_MODEL, TRUNCATED, BAD_HEADER, BAD_TREE_HEADER, BAD_ARRAY, BAD_CHILDREN, BAD_FEATURE, BAD_COUNTS,
    BAD_CATEGORIES, LINEAR, TOO_DEEP, UNEVEN
};

static const char *const REASONS[] = {
    "ok",
    "out of memory",
    "not a LightGBM text model (version v3 or v4) with trees",
    "the text ends before `end of trees`",
    "the header's numbers of features, classes or trees make no sense",
    "a tree's number of leaves or categories makes no sense",
    "an array of a tree is missing, too short, too long, or holds something else than numbers",
    "the nodes do not form one tree",
    "a tree reads a feature that the model does not have",
    "the numbers of training rows in a tree make no sense",
    "the category sets of a tree make no sense",
    "linear leaves are not supported",
    "a tree is too deep",
    "the trees do not divide evenly among the classes",
};

const char *trees_reason(int code)
{
    return code >= 0 && code < (int)(sizeof REASONS / sizeof *REASONS) ? REASONS[code] : "unknown reason";
}

/* A piece of the text. The whole ends in a NUL, so that strtod stops there too. */
typedef struct { const char *at, *end; } Span;

enum { LEAVES, CATS, FEATURE, THRESHOLD, DECISION, LEFT, RIGHT, VALUE, LEAF_COUNT, NODE_COUNT, BOUNDS, SETS, LINEAR_FLAG, KEYS };
static const char *const TREE_KEYS[KEYS] = {
    "num_leaves", "num_cat", "split_feature", "threshold", "decision_type", "left_child", "right_child", "leaf_value",
    "leaf_count", "internal_count", "cat_boundaries", "cat_threshold", "is_linear",
};

static int begins(Span text, const char *word)
{
    const char *p = text.at;
    for (; *word; word++, p++)
        if (p == text.end || *p != *word)
            return 0;
    return 1;
}

static Span next_line(Span *text)
{
    Span line = {text->at, text->at};
    while (line.end < text->end && *line.end != '\n')
        line.end++;
    text->at = line.end < text->end ? line.end + 1 : text->end;
    return line;
}

/* The value of `key=value`, or an empty span with at == NULL. */
static Span value_of(Span line, const char *key)
{
    Span none = {NULL, NULL};
    const char *p = line.at;
    for (; *key; key++, p++)
        if (p == line.end || *p != *key)
            return none;
    return p < line.end && *p == '=' ? (Span){p + 1, line.end} : none;
}

static int read_int(Span *text, int64_t *out)
{
    int negative = 0, digits = 0;
    int64_t value = 0;
    while (text->at < text->end && *text->at == ' ')
        text->at++;
    if (text->at < text->end && *text->at == '-')
        negative = 1, text->at++;
    for (; text->at < text->end && *text->at >= '0' && *text->at <= '9'; text->at++, digits++)
        if ((value = value * 10 + (*text->at - '0')) > 4294967295)
            return 0;
    *out = negative ? -value : value;
    return digits > 0 && (text->at == text->end || *text->at == ' ');
}

static int read_double(Span *text, double *out)
{
    while (text->at < text->end && *text->at == ' ')
        text->at++;
    if (text->at == text->end)
        return 0;
    char *end;
    *out = strtod(text->at, &end);
    /* Not a number at all, or one that runs into the next line, or NaN. */
    if (end == text->at || end > text->end || *out != *out)
        return 0;
    text->at = end;
    return end == text->end || *end == ' ';
}

static int at_end(Span text)
{
    while (text.at < text.end && *text.at == ' ')
        text.at++;
    return text.at == text.end;
}

static int read_one(Span text, int64_t low, int64_t high, int64_t *out)
{
    return text.at && read_int(&text, out) && at_end(text) && *out >= low && *out <= high;
}

static int grow(void **array, int32_t *room, int64_t needed, size_t size)
{
    if (needed <= *room)
        return 1;
    int64_t wanted = needed + *room;
    void *larger = wanted < INT32_MAX ? realloc(*array, (size_t)wanted * size) : NULL;
    if (!larger)
        return 0;
    *array = larger, *room = (int32_t)wanted;
    return 1;
}

static int make_room(Model *model, int64_t leaves, int64_t words)
{
    int32_t same = model->node_room;
    return grow((void **)&model->tree, &model->tree_room, (int64_t)model->trees + 1, sizeof(Tree))
        && grow((void **)&model->share, &same, model->nodes + leaves, sizeof(Shares))
        && grow((void **)&model->node, &model->node_room, model->nodes + leaves, sizeof(Node))
        && grow((void **)&model->leaf, &model->leaf_room, model->leaves + leaves, sizeof(double))
        && grow((void **)&model->set, &model->word_room, model->words + words + 1, sizeof(uint32_t));
}

static int read_categories(Model *model, Span bounds, Span sets, int64_t cats, uint32_t *first, int64_t *words)
{
    int64_t value, last = 0;
    for (int64_t i = 0; i <= cats; i++) {
        if (!bounds.at || !read_int(&bounds, &value) || value < last || (i == 0 && value))
            return BAD_CATEGORIES;
        first[i] = (uint32_t)(last = value);
    }
    /* A word takes two characters at least, so the text bounds what is allocated. */
    if (!at_end(bounds) || !sets.at || last > sets.end - sets.at)
        return BAD_CATEGORIES;
    if (!make_room(model, 0, last))
        return NO_MEMORY;
    for (int64_t i = 0; i < last; i++) {
        if (!read_int(&sets, &value) || value < 0)
            return BAD_CATEGORIES;
        model->set[model->words + i] = (uint32_t)value;
    }
    *words = last;
    return at_end(sets) ? OK : BAD_CATEGORIES;
}

static int read_nodes(Model *model, Span *line, int64_t nodes, int64_t cats, const uint32_t *first)
{
    Node *node = model->node + model->nodes;
    for (int64_t i = 0; i < nodes; i++) {
        int64_t feature, kind, left, right;
        double threshold;
        if (!read_int(&line[FEATURE], &feature) || !read_int(&line[DECISION], &kind) || !read_int(&line[LEFT], &left)
            || !read_int(&line[RIGHT], &right) || !read_double(&line[THRESHOLD], &threshold))
            return BAD_ARRAY;
        if (feature < 0 || feature >= model->features)
            return BAD_FEATURE;
        if (kind < 0 || kind > 15 || (kind & MISSING) == MISSING)
            return BAD_ARRAY;
        if (left >= nodes || right >= nodes || left < -nodes - 1 || right < -nodes - 1)
            return BAD_CHILDREN;
        node[i] = (Node){.threshold = threshold, .feature = (int32_t)feature, .child = {(int32_t)left, (int32_t)right}};
        node[i].kind = (int32_t)kind;
        if (kind & CATEGORICAL) {
            if (!(threshold >= 0 && threshold < (double)cats))
                return BAD_CATEGORIES;
            uint32_t which = (uint32_t)threshold;
            node[i].set.first = (uint32_t)model->words + first[which];
            node[i].set.words = first[which + 1] - first[which];
        }
    }
    for (int key = FEATURE; key <= RIGHT; key++)
        if (!at_end(line[key]))
            return BAD_ARRAY;
    return OK;
}

/* Leaf values, the shares of rows, and the expected value in the library's own order of additions. */
static int read_rows(Model *model, Tree *tree, Span *line, int64_t *count)
{
    int64_t leaves = tree->leaves, nodes = leaves - 1;
    double *leaf = model->leaf + tree->leaf;
    for (int64_t i = 0; i < nodes; i++)
        if (!read_int(&line[NODE_COUNT], &count[i]) || count[i] <= 0)
            return BAD_COUNTS;
    for (int64_t i = 0; i < leaves; i++)
        if (!read_double(&line[VALUE], &leaf[i]) || leaf[i] - leaf[i] != 0)
            return BAD_ARRAY;
        else if (nodes && (!read_int(&line[LEAF_COUNT], &count[nodes + i]) || count[nodes + i] < 0))
            return BAD_COUNTS;
    if (!at_end(line[VALUE]) || (nodes && (!at_end(line[LEAF_COUNT]) || !at_end(line[NODE_COUNT]))))
        return BAD_ARRAY;
    tree->expected = nodes ? 0.0 : leaf[0];
    for (int64_t i = 0; nodes && i < leaves; i++)
        tree->expected += (double)count[nodes + i] / (double)count[0] * leaf[i];
    for (int64_t i = 0; i < nodes; i++)
        for (int side = 0; side < 2; side++) {
            int32_t child = model->node[tree->node + i].child[side];
            int64_t below = child < 0 ? count[nodes + ~child] : count[child];
            model->share[tree->node + i].of[side] = (double)below / (double)count[i];
        }
    return OK;
}

/* Visit every node once: anything that is no tree (a loop, a shared child, a lost leaf) is found; so is its depth. */
typedef struct { const Node *node; uint8_t *seen; int32_t *uses; int32_t leaves, visited, most; } Check;

static int check_below(Check *check, int32_t at, int32_t depth, int32_t features)
{
    int32_t nodes = check->leaves - 1, slot = at < 0 ? nodes + ~at : at;
    if (check->seen[slot]++)
        return BAD_CHILDREN;
    if (depth > MAX_DEPTH)
        return TOO_DEEP;
    check->visited++;
    if (at < 0) {
        check->most = features > check->most ? features : check->most;
        return OK;
    }
    const Node *node = check->node + at;
    features += check->uses[node->feature]++ == 0;
    int found = check_below(check, node->child[0], depth + 1, features);
    if (found == OK)
        found = check_below(check, node->child[1], depth + 1, features);
    check->uses[node->feature]--;
    return found;
}

static int check_tree(const Model *model, Tree *tree)
{
    int32_t slots = 2 * tree->leaves - 1;
    uint8_t *seen = malloc((size_t)slots);
    int32_t *uses = malloc((size_t)model->features * sizeof *uses);
    int found = NO_MEMORY;
    if (seen && uses) {
        for (int32_t i = 0; i < slots; i++)
            seen[i] = 0;
        for (int32_t i = 0; i < model->features; i++)
            uses[i] = 0;
        Check check = {model->node + tree->node, seen, uses, tree->leaves, 0, 0};
        found = tree->leaves == 1 ? OK : check_below(&check, 0, 0, 0);
        if (found == OK && tree->leaves > 1 && check.visited != slots)
            found = BAD_CHILDREN;
        tree->path_features = check.most;
    }
    free(seen), free(uses);
    return found;
}

static int read_tree(Model *model, Span *line)
{
    int64_t leaves, cats, linear, words = 0;
    if (!line[LEAVES].at || !line[VALUE].at)
        return BAD_TREE_HEADER;
    /* A leaf takes two characters at least: see read_categories. */
    if (!read_one(line[LEAVES], 1, line[VALUE].end - line[VALUE].at, &leaves)
        || !read_one(line[CATS], 0, leaves - 1, &cats))
        return BAD_TREE_HEADER;
    if (line[LINEAR_FLAG].at && (!read_one(line[LINEAR_FLAG], 0, 1, &linear) || linear))
        return LINEAR;
    for (int key = FEATURE; leaves > 1 && key <= NODE_COUNT; key++)
        if (!line[key].at)
            return BAD_ARRAY;
    if (!make_room(model, leaves, 0))
        return NO_MEMORY;
    uint32_t *first = malloc((size_t)(cats + 1) * sizeof *first);
    int64_t *count = malloc((size_t)(2 * leaves) * sizeof *count);
    Tree *tree = model->tree + model->trees;
    *tree = (Tree){.node = model->nodes, .leaf = model->leaves, .leaves = (int32_t)leaves};
    int found = first && count ? OK : NO_MEMORY;
    if (found == OK && cats)
        found = read_categories(model, line[BOUNDS], line[SETS], cats, first, &words);
    if (found == OK && leaves > 1)
        found = read_nodes(model, line, leaves - 1, cats, first);
    if (found == OK)
        found = read_rows(model, tree, line, count);
    free(first), free(count);
    if (found == OK)
        found = check_tree(model, tree);
    if (found == OK) {
        model->trees++;
        model->nodes += (int32_t)leaves - 1, model->leaves += (int32_t)leaves, model->words += (int32_t)words;
    }
    return found;
}

static int read_header(Model *model, Span *text, Span *tree)
{
    int64_t last_feature = -1, classes = -1, outputs = -1;
    int version = 0;
    Span line = next_line(text), value;
    if (!begins(line, "tree") || line.end - line.at != 4)
        return NOT_A_MODEL;
    while (text->at < text->end) {
        line = next_line(text);
        if ((value = value_of(line, "version")).at)
            version = value.end - value.at == 2 && (begins(value, "v3") || begins(value, "v4"));
        else if ((value = value_of(line, "max_feature_idx")).at && !read_one(value, 0, 1 << 24, &last_feature))
            return BAD_HEADER;
        else if ((value = value_of(line, "num_class")).at && !read_one(value, 1, 1 << 16, &classes))
            return BAD_HEADER;
        else if ((value = value_of(line, "num_tree_per_iteration")).at && !read_one(value, 1, 1 << 16, &outputs))
            return BAD_HEADER;
        else if (begins(line, "Tree=0"))
            break;
    }
    if (!version || !begins(line, "Tree=0"))
        return NOT_A_MODEL;
    if (last_feature < 0 || outputs < 1 || classes != outputs)
        return BAD_HEADER;
    model->features = (int32_t)last_feature + 1, model->outputs = (int32_t)outputs;
    *tree = line;
    return OK;
}

static int read_model(Model *model, Span text)
{
    Span line, found[KEYS], value;
    int code = read_header(model, &text, &line);
    while (code == OK && begins(line, "Tree=")) {
        int64_t number;
        if (!(value = value_of(line, "Tree")).at || !read_one(value, model->trees, model->trees, &number))
            return BAD_TREE_HEADER;
        for (int key = 0; key < KEYS; key++)
            found[key] = (Span){NULL, NULL};
        for (;;) {
            if (text.at == text.end)
                return TRUNCATED;
            line = next_line(&text);
            if (begins(line, "Tree=") || begins(line, "end of trees"))
                break;
            for (int key = 0; key < KEYS; key++)
                if ((value = value_of(line, TREE_KEYS[key])).at)
                    found[key] = value;
        }
        code = read_tree(model, found);
    }
    return code == OK && model->trees % model->outputs ? UNEVEN : code;
}

void trees_free(Model *model)
{
    if (model) {
        free(model->tree), free(model->node), free(model->share), free(model->leaf), free(model->set);
        free(model);
    }
}

/* `text` holds `length` bytes and a NUL after them. Returns 0, or a code for trees_reason. */
int trees_load(const char *text, size_t length, Model **out)
{
    *out = NULL;
    Model *model = malloc(sizeof *model);
    if (!model)
        return NO_MEMORY;
    *model = (Model){0};
    int code = read_model(model, (Span){text, text + length});
    if (code)
        trees_free(model);
    else
        *out = model;
    return code;
}

int trees_features(const Model *model) { return model->features; }

int trees_outputs(const Model *model) { return model->outputs; }

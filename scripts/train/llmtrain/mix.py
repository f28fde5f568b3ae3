"""How much of what is read comes from each category."""

import tomllib


def read_mix(path, text):
    """Parts that add up to 1, from a file, or in proportion to the text where there is none."""
    categories = text.categories("train")
    if path is None:
        weights = {category: text.size("train", category) for category in categories}
    else:
        weights = tomllib.loads(path.read_text())
    return normalised(weights, categories)


def normalised(weights, categories):
    unknown = sorted(set(weights) - set(categories))
    if unknown:
        raise SystemExit(f"the mix names {unknown[0]}, which the text does not have")
    if not weights or any(weight < 0 for weight in weights.values()) or sum(weights.values()) <= 0:
        raise SystemExit("the weights of a mix are not negative, and one is above 0")
    total = sum(weights.values())
    return {category: weight / total for category, weight in weights.items() if weight > 0}

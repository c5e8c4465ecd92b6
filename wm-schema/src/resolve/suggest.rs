//! "Did you mean …?": the known word that is nearest to one that is not known.

/// The nearest of `known`, if it is near enough to be a slip of the finger.
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let far = (word.chars().count() / 3).max(1);
    let scored = known.into_iter().map(|known| (distance(word, known), known));
    scored.filter(|(distance, _)| *distance <= far).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

/// Help for an unknown word: the nearest one, or all that there are.
pub(super) fn help<'k>(word: &str, known: impl IntoIterator<Item = &'k str> + Clone) -> String {
    if let Some(nearest) = nearest(word, known.clone()) {
        return format!("did you mean `{nearest}`?");
    }
    let all: Vec<String> = known.into_iter().map(|known| format!("`{known}`")).collect();
    match all.as_slice() {
        [] => format!("nothing is known here yet: write a value, or declare `{word}` in front"),
        all => format!("there is: {}", all.join(", ")),
    }
}

/// How many letters must be put in, taken out, replaced or swapped with their neighbour; case costs nothing.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.to_lowercase().chars().collect();
    let right: Vec<char> = right.to_lowercase().chars().collect();
    let width = right.len() + 1;
    let mut table: Vec<usize> = (0..width).collect();
    for (row, letter) in left.iter().enumerate() {
        table.push(row + 1);
        for (column, other) in right.iter().enumerate() {
            let at = |up: usize, back: usize| table[(row + 1 - up) * width + column + 1 - back];
            let mut least = (at(1, 1) + usize::from(letter != other)).min(at(1, 0) + 1).min(at(0, 1) + 1);
            let swapped = row > 0 && column > 0 && *letter == right[column - 1] && left[row - 1] == *other;
            if swapped {
                least = least.min(table[(row - 1) * width + column - 1] + 1);
            }
            table.push(least);
        }
    }
    table.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (left, right, expected) in [
            ("", "", 0),
            ("", "ab", 2),
            ("name", "name", 0),
            ("naem", "name", 1),
            ("Line", "line", 0),
            ("u31", "u32", 1),
        ] {
            assert_eq!(distance(left, right), expected, "{left} {right}");
        }
    }

    #[test]
    fn only_slips_are_corrected() {
        assert_eq!(nearest("nmae", ["data", "name"]), Some("name"));
        assert_eq!(nearest("body", ["data", "name"]), None);
        assert_eq!(help("body", ["data", "name"]), "there is: `data`, `name`");
        assert_eq!(help("body", []), "nothing is known here yet: write a value, or declare `body` in front");
    }
}

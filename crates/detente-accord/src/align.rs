//! Texts laid word beside word: what several have in common, in order, and where they part.
//!
//! Is: words and signs of a prose as tokens; the common words of two lists (longest common
//! subsequence, in large texts between words that stand once in each: "patience" anchors, as in
//! B. Cohen's diff); the same for many options. Time and memory are bounded for any input: what is
//! too large to be laid word beside word differs as a whole. Is not: an understanding of what words
//! mean.

use std::collections::BTreeMap;

use unicode_normalization::char::is_combining_mark;

/// Most cells of one table of common words.
const MAX_CELLS: usize = 250_000;
/// How often a stretch is parted at words that stand once.
const MAX_DEPTH: usize = 24;
/// Most words of all options together that are laid beside one another.
pub const MAX_ALIGNED_WORDS: usize = 60_000;
/// Most options that are laid beside one another.
pub const MAX_ALIGNED: usize = 24;

/// What is shown for words in brackets for which nothing is offered, among others.
const NO_OFFER: &str = "[...]";

/// A word or a sign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// Its letters; none where words stand in brackets and nothing is offered.
    pub word: Option<&'a str>,
    /// Whether a blank stands before it.
    pub spaced: bool,
}

/// The words and signs of a text. A parameter such as `{cap.count}` is one; where a script has no
/// blanks between words, each letter is.
pub fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut spaced = false;
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_whitespace() {
            spaced = true;
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (word, after) = rest.split_at(token_end(rest, c));
        tokens.push(Token { word: Some(word), spaced: spaced && !tokens.is_empty() });
        spaced = false;
        rest = after;
    }
    tokens
}

/// Where the token at the start of a text ends.
fn token_end(rest: &str, first: char) -> usize {
    if first == '{'
        && let Some(close) = rest.find(['}', ' ', '\n'])
    {
        return if rest[close..].starts_with('}') { close + 1 } else { 1 };
    }
    if !is_letter(first) {
        let marks = rest.char_indices().skip(1).find(|(_, c)| !is_combining_mark(*c));
        return marks.map_or(rest.len(), |(at, _)| at);
    }
    let mut end = rest.len();
    for (at, c) in rest.char_indices().skip(1) {
        let inner = matches!(c, '.' | '-' | '\'' | '\u{2019}' | '_')
            && rest
                .get(at + c.len_utf8()..)
                .and_then(|rest| rest.chars().next())
                .is_some_and(is_letter);
        if !(is_letter(c) || is_combining_mark(c) || inner) {
            end = at;
            break;
        }
    }
    end
}

/// Letters and digits of scripts that put blanks between words.
fn is_letter(c: char) -> bool {
    c.is_alphanumeric() && !is_joined(c)
}

/// Scripts without blanks between words: Thai, Lao, Burmese, Khmer, Kana, Han.
fn is_joined(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
        || matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}')
        || matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
        || matches!(c, '\u{20000}'..='\u{3ffff}')
}

/// Tokens as text, with their blanks.
pub fn join(tokens: &[Token<'_>]) -> String {
    let mut text = String::new();
    for token in tokens {
        if token.spaced && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(token.word.unwrap_or(NO_OFFER));
    }
    text
}

/// Where the same items stand in both lists, in order: as many as can be found within the bounds.
pub fn common<T: Ord>(one: &[T], other: &[T]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    let mut open = vec![(0..one.len(), 0..other.len(), 0)];
    while let Some((mut a, mut b, depth)) = open.pop() {
        while !a.is_empty() && !b.is_empty() && one[a.start] == other[b.start] {
            pairs.push((a.start, b.start));
            (a.start, b.start) = (a.start + 1, b.start + 1);
        }
        while !a.is_empty() && !b.is_empty() && one[a.end - 1] == other[b.end - 1] {
            (a.end, b.end) = (a.end - 1, b.end - 1);
            pairs.push((a.end, b.end));
        }
        if a.is_empty() || b.is_empty() {
            continue;
        }
        if a.len().saturating_mul(b.len()) <= MAX_CELLS {
            let found = longest(&one[a.clone()], &other[b.clone()]);
            pairs.extend(found.into_iter().map(|(x, y)| (a.start + x, b.start + y)));
        } else if depth < MAX_DEPTH {
            let (mut from_a, mut from_b) = (a.start, b.start);
            for (x, y) in anchors(&one[a.clone()], &other[b.clone()]) {
                let (x, y) = (a.start + x, b.start + y);
                pairs.push((x, y));
                open.push((from_a..x, from_b..y, depth + 1));
                (from_a, from_b) = (x + 1, y + 1);
            }
            if (from_a, from_b) != (a.start, b.start) {
                open.push((from_a..a.end, from_b..b.end, depth + 1));
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// A longest common subsequence. The product of both lengths is at most [`MAX_CELLS`].
fn longest<T: Ord>(one: &[T], other: &[T]) -> Vec<(usize, usize)> {
    let width = other.len() + 1;
    // Length of the longest one of the rests behind each pair of places.
    let mut table = vec![0_u32; (one.len() + 1) * width];
    for x in (0..one.len()).rev() {
        for y in (0..other.len()).rev() {
            table[x * width + y] = if one[x] == other[y] {
                table[(x + 1) * width + y + 1] + 1
            } else {
                table[(x + 1) * width + y].max(table[x * width + y + 1])
            };
        }
    }
    let (mut x, mut y) = (0, 0);
    let mut pairs = Vec::new();
    while x < one.len() && y < other.len() {
        if one[x] == other[y] {
            pairs.push((x, y));
            (x, y) = (x + 1, y + 1);
        } else if table[(x + 1) * width + y] >= table[x * width + y + 1] {
            x += 1;
        } else {
            y += 1;
        }
    }
    pairs
}

/// Items that stand once in each list, as far as they stand in the same order.
fn anchors<T: Ord>(one: &[T], other: &[T]) -> Vec<(usize, usize)> {
    let mut places: BTreeMap<&T, (Option<usize>, Option<usize>, bool)> = BTreeMap::new();
    for (x, item) in one.iter().enumerate() {
        let place = places.entry(item).or_default();
        place.2 |= place.0.replace(x).is_some();
    }
    for (y, item) in other.iter().enumerate() {
        let place = places.entry(item).or_default();
        place.2 |= place.1.replace(y).is_some();
    }
    let once = places.into_values().filter(|(_, _, often)| !often);
    let mut pairs: Vec<(usize, usize)> = once.filter_map(|(x, y, _)| x.zip(y)).collect();
    pairs.sort_unstable();
    increasing(&pairs)
}

/// A longest part of the pairs in which both places rise; the first places rise already.
fn increasing(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // For each length, the pair with the smallest end of a part of that length.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(pairs.len());
    for (at, (_, y)) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < *y);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        if length == ends.len() {
            ends.push(at);
        } else {
            ends[length] = at;
        }
    }
    let mut part = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied();
    while let Some(at) = next {
        part.push(pairs[at]);
        next = before[at];
    }
    part.reverse();
    part
}

/// A stretch of several options laid beside one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stretch<'a> {
    /// All have these words.
    Same(Vec<Token<'a>>),
    /// They part here: each wording with the places of the options that have it.
    Parted(Vec<(Vec<usize>, Vec<Token<'a>>)>),
}

/// Lays options beside one another. The first is the one whose words the others are compared with.
pub fn align<'a>(options: &[Vec<Token<'a>>]) -> Vec<Stretch<'a>> {
    let Some((first, others)) = options.split_first() else { return Vec::new() };
    let words = |tokens: &[Token<'a>]| -> Vec<Option<&'a str>> {
        tokens.iter().map(|token| token.word).collect()
    };
    let total: usize = options.iter().map(Vec::len).sum();
    if options.len() > MAX_ALIGNED || total > MAX_ALIGNED_WORDS {
        return vec![parted(options, |option| 0..option.len())];
    }
    let pivot = words(first);
    // For each word of the first option, where the others have it; none if one of them has not.
    let mut stable: Vec<Option<Vec<usize>>> = vec![Some(Vec::new()); pivot.len()];
    for other in others {
        let mut matched = vec![None; pivot.len()];
        for (x, y) in common(&pivot, &words(other)) {
            matched[x] = Some(y);
        }
        for (places, matched) in stable.iter_mut().zip(matched) {
            match (places.as_mut(), matched) {
                (Some(places), Some(y)) => places.push(y),
                _ => *places = None,
            }
        }
    }
    let mut stretches: Vec<Stretch<'a>> = Vec::new();
    let mut from = vec![0; options.len()];
    let ends = stable.iter().enumerate().filter_map(|(x, places)| {
        let places = places.as_ref()?;
        Some(std::iter::once(x).chain(places.iter().copied()).collect::<Vec<usize>>())
    });
    let last = options.iter().map(Vec::len).collect::<Vec<usize>>();
    for place in ends.chain([last]) {
        let gaps: Vec<std::ops::Range<usize>> =
            from.iter().zip(&place).map(|(from, to)| *from..*to).collect();
        if gaps.iter().any(|gap| !gap.is_empty()) {
            let mut gaps = gaps.into_iter();
            stretches.push(parted(options, |_| gaps.next().unwrap_or_default()));
        }
        if let Some(token) = first.get(place[0]) {
            match stretches.last_mut() {
                Some(Stretch::Same(tokens)) => tokens.push(token.clone()),
                _ => stretches.push(Stretch::Same(vec![token.clone()])),
            }
        }
        from = place.into_iter().map(|at| at + 1).collect();
    }
    stretches
}

/// The wordings of a stretch, equal ones together.
fn parted<'a>(
    options: &[Vec<Token<'a>>],
    mut range: impl FnMut(&Vec<Token<'a>>) -> std::ops::Range<usize>,
) -> Stretch<'a> {
    let mut wordings: Vec<(Vec<usize>, Vec<Token<'a>>)> = Vec::new();
    for (at, option) in options.iter().enumerate() {
        let slice = option.get(range(option)).unwrap_or_default();
        let same = |own: &Vec<Token<'a>>| {
            own.len() == slice.len() && own.iter().zip(slice).all(|(a, b)| a.word == b.word)
        };
        match wordings.iter_mut().find(|(_, own)| same(own)) {
            Some((holders, _)) => holders.push(at),
            None => wordings.push((vec![at], slice.to_vec())),
        }
    }
    Stretch::Parted(wordings)
}

#[cfg(test)]
mod tests;

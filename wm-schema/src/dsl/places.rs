//! Where things stand in a file: what an [`Origin`] of the parser means.

use crate::draft::Origin;
use std::ops::Range;

/// The places that a parsed file gave out, and the starts of its lines.
#[derive(Debug, Clone)]
pub struct Places {
    ranges: Vec<Range<usize>>,
    line_starts: Vec<usize>,
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineColumn {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Places {
    /// No place yet, of this source.
    pub(super) fn new(source: &str) -> Self {
        let line_starts = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { ranges: Vec::new(), line_starts }
    }

    /// Gives out a place.
    pub(super) fn add(&mut self, range: Range<usize>) -> Origin {
        let origin = Origin(u32::try_from(self.ranges.len()).unwrap_or(u32::MAX));
        self.ranges.push(range);
        origin
    }

    /// The bytes of the source that `origin` stands for; none for an origin that this file did not give out.
    #[must_use]
    pub fn range(&self, origin: Origin) -> Option<Range<usize>> {
        self.ranges.get(origin.0 as usize).cloned()
    }

    /// Line and column of a byte of the source.
    #[must_use]
    pub fn line_column(&self, source: &str, byte: usize) -> LineColumn {
        let line = self.line_starts.partition_point(|start| *start <= byte).max(1);
        let start = self.line_starts[line - 1];
        let column = source.get(start..byte).map_or(0, |before| before.chars().count());
        LineColumn { line: number(line), column: number(column + 1) }
    }

    /// The line, from 1, of each origin in the order in which they were given out.
    pub(super) fn lines(&self) -> Vec<u32> {
        let line = |range: &Range<usize>| self.line_starts.partition_point(|start| *start <= range.start);
        self.ranges.iter().map(|range| number(line(range))).collect()
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{LineColumn, Places};

    #[test]
    fn lines_and_columns_count_from_one() {
        let source = "ab\né!\n";
        let places = Places::new(source);
        for (byte, line, column) in [(0, 1, 1), (2, 1, 3), (3, 2, 1), (5, 2, 2), (7, 3, 1)] {
            assert_eq!(places.line_column(source, byte), LineColumn { line, column }, "{byte}");
        }
    }
}

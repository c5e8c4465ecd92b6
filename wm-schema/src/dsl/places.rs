//! Where things stand in a file, and in those that it imports: what an [`Origin`] of the parser means.

use crate::draft::Origin;
use std::ops::Range;

/// The places that a parsed file gave out, and the starts of its lines.
#[derive(Debug, Clone)]
pub struct Places {
    /// Each with the file that it is in.
    ranges: Vec<(usize, Range<usize>)>,
    /// The file itself, and those that it imports.
    files: Vec<File>,
    /// The file that is being read.
    current: usize,
}

#[derive(Debug, Clone)]
struct File {
    line_starts: Vec<usize>,
    /// None of the file itself.
    imported: Option<Imported>,
}

/// A file that was imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// Its path from the folder of the file that was parsed.
    pub path: String,
    /// What it holds.
    pub source: String,
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
        Self { ranges: Vec::new(), files: vec![File::new(source, None)], current: 0 }
    }

    /// Gives out places of an imported file from now on, and returns the one before.
    pub(super) fn enter(&mut self, path: &str, source: &str) -> usize {
        let imported = Imported { path: path.to_owned(), source: source.to_owned() };
        self.files.push(File::new(source, Some(imported)));
        std::mem::replace(&mut self.current, self.files.len() - 1)
    }

    /// Gives out places of an earlier file again.
    pub(super) fn leave(&mut self, to: usize) {
        self.current = to;
    }

    /// Gives out a place.
    pub(super) fn add(&mut self, range: Range<usize>) -> Origin {
        let origin = Origin(u32::try_from(self.ranges.len()).unwrap_or(u32::MAX));
        self.ranges.push((self.current, range));
        origin
    }

    /// Gives out the place from the start of one to the end of another.
    pub(super) fn across(&mut self, first: Origin, last: Origin) -> Origin {
        match (self.range(first), self.range(last)) {
            (Some(first), Some(last)) => self.add(first.start..last.end),
            _ => first,
        }
    }

    /// The bytes that `origin` stands for, in the source or in the file that is [`imported`](Self::imported); none for an
    /// origin that this file did not give out.
    #[must_use]
    pub fn range(&self, origin: Origin) -> Option<Range<usize>> {
        self.ranges.get(origin.0 as usize).map(|(_, range)| range.clone())
    }

    /// The imported file that `origin` is in; none for the file itself.
    #[must_use]
    pub fn imported(&self, origin: Origin) -> Option<&Imported> {
        self.file(origin)?.imported.as_ref()
    }

    /// The places in the order of a reader: those of the file itself first.
    #[must_use]
    pub fn order(&self, origin: Origin) -> (usize, usize) {
        self.ranges.get(origin.0 as usize).map_or((0, 0), |(file, range)| (*file, range.start))
    }

    fn file(&self, origin: Origin) -> Option<&File> {
        self.files.get(self.ranges.get(origin.0 as usize)?.0)
    }

    /// Line and column of `origin`, in the source or in the file that is imported.
    #[must_use]
    pub fn line_column(&self, source: &str, origin: Origin) -> LineColumn {
        let file = self.file(origin).unwrap_or(&self.files[0]);
        let source = file.imported.as_ref().map_or(source, |imported| imported.source.as_str());
        file.line_column(source, self.order(origin).1)
    }

    /// The line, from 1, of each origin in the order in which they were given out.
    pub(super) fn lines(&self) -> Vec<u32> {
        let line = |(file, range): &(usize, Range<usize>)| self.files[*file].line(range.start);
        self.ranges.iter().map(line).collect()
    }

    /// The paths of imported files, each with the first origin in it: those behind that are in it, up to the next.
    pub(super) fn starts(&self) -> Vec<(Origin, Option<String>)> {
        let mut starts: Vec<(Origin, Option<String>)> = Vec::new();
        let mut before = 0;
        for (at, (file, _)) in self.ranges.iter().enumerate() {
            if *file != std::mem::replace(&mut before, *file) {
                let path = self.files[*file].imported.as_ref().map(|imported| imported.path.clone());
                starts.push((Origin(u32::try_from(at).unwrap_or(u32::MAX)), path));
            }
        }
        starts
    }
}

impl File {
    fn new(source: &str, imported: Option<Imported>) -> Self {
        let line_starts = std::iter::once(0).chain(source.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { line_starts, imported }
    }

    fn line(&self, byte: usize) -> u32 {
        number(self.line_starts.partition_point(|start| *start <= byte))
    }

    fn line_column(&self, source: &str, byte: usize) -> LineColumn {
        let line = self.line_starts.partition_point(|start| *start <= byte).max(1);
        let start = self.line_starts[line - 1];
        let column = source.get(start..byte).map_or(0, |before| before.chars().count());
        LineColumn { line: number(line), column: number(column + 1) }
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
        let mut places = Places::new(source);
        for (byte, line, column) in [(0, 1, 1), (2, 1, 3), (3, 2, 1), (5, 2, 2), (7, 3, 1)] {
            let origin = places.add(byte..byte);
            assert_eq!(places.line_column(source, origin), LineColumn { line, column }, "{byte}");
        }
    }
}

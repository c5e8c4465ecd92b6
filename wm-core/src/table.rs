//! Tables and quantities as an operator reads them: columns that stand straight, times and sizes in a few letters.
//!
//! Bold on a terminal, plain in a pipe; what a row says is the caller's.

use std::fmt::Write as _;
use std::time::Duration;

/// A column: its title, and whether its cells are numbers, which stand at its right edge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column(pub(crate) &'static str, pub(crate) Align);

/// At which edge cells stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// The lines of a table, two blanks in front of each and between columns.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>], bold: bool) -> String {
    let width = |at: usize, title: &str| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain([title.len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = columns.iter().enumerate().map(|(at, column)| width(at, column.0)).collect();
    let line = |cells: Vec<&str>| {
        let mut line = String::new();
        for ((cell, column), width) in cells.into_iter().zip(columns).zip(&widths) {
            // Writing to a string does not fail.
            let _ = match column.1 {
                Align::Left => write!(line, "  {cell:width$}"),
                Align::Right => write!(line, "  {cell:>width$}"),
            };
        }
        line.truncate(line.trim_end().len());
        line
    };
    let (on, off) = if bold { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let mut text = format!("{on}{}{off}\n", line(columns.iter().map(|column| column.0).collect()));
    for row in rows {
        text.push_str(&line(row.iter().map(String::as_str).collect()));
        text.push('\n');
    }
    text
}

/// A time of a few letters: `20 ms`, `3.2 s`, `61 s`, `2 h 5 m`, `3 d 4 h`.
pub(crate) fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0 => format!("{} ms", time.as_millis()),
        1..60 if time.subsec_millis() >= 100 => format!("{:.1} s", time.as_secs_f64()),
        1..120 => format!("{seconds} s"),
        120..3600 => format!("{minutes} m {} s", seconds % 60),
        3600..86400 => format!("{hours} h {} m", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// A number of bytes of a few letters: `17 B`, `4.0 KiB`, `1.5 GiB`.
#[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
pub(crate) fn bytes(count: u64) -> String {
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut shown = count as f64 / 1024.0;
    let mut unit = 0;
    while shown >= 1023.95 && unit + 1 < units.len() {
        shown /= 1024.0;
        unit += 1;
    }
    format!("{shown:.1} {}", units[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_straight_and_bold_is_only_the_title() {
        let columns = [Column("worker", Align::Left), Column("n", Align::Right)];
        let rows = [vec!["übertragung".to_owned(), "7".to_owned()], vec!["b".to_owned(), "1234".to_owned()]];
        let plain = table(&columns, &rows, false);
        assert_eq!(plain, "  worker          n\n  übertragung     7\n  b            1234\n");
        assert_eq!(table(&columns, &rows, true).replace("\x1b[1m", "").replace("\x1b[0m", ""), plain);
    }

    #[test]
    fn quantities_are_short() {
        for (ms, text) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_000, "1 s"),
            (3_200, "3.2 s"),
            (61_500, "61 s"),
            (150_000, "2 m 30 s"),
            (7_500_000, "2 h 5 m"),
            (273_600_000, "3 d 4 h"),
        ] {
            assert_eq!(span(Duration::from_millis(ms)), text);
        }
        for (count, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1536 << 20, "1.5 GiB"),
            ((1 << 20) - 1, "1.0 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}

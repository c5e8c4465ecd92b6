//! `import "common.wm"`: declarations of other files, which several protocols share.
//!
//! An imported file has no `protocol` line: it holds what has a name and no byte order or limit of its own. Each file is
//! read once, however many import it. What nothing in the importing file leads to is checked for its syntax, and left out:
//! no code is made of it.

use super::items;
use super::reader::Reader;
use super::split::{self, Item};
use super::token::TokenKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, Origin, Spanned};
use std::collections::BTreeSet;
use std::io;

/// How many files a schema may be made of.
const FILES_MAX: usize = 64;

/// Where imported files come from.
pub(super) struct Library<'l> {
    /// What the importing file is called, without its folder.
    pub(super) own: String,
    /// Reads a file by its path from the folder of the importing file.
    pub(super) load: &'l dyn Fn(&str) -> io::Result<String>,
}

/// A declaration of an imported file.
struct Part {
    /// What it declares.
    name: String,
    /// The words that it is made of, its own name among them.
    words: BTreeSet<String>,
    draft: Draft,
}

/// Reads all files that the one of `reader` imports, and adds what it needs of them. Returns the paths that were tried.
pub(super) fn follow(reader: &mut Reader<'_>, library: Option<&Library<'_>>, draft: &mut Draft) -> Vec<String> {
    let imports = std::mem::take(&mut reader.imports);
    let Some(library) = library else {
        if let Some(import) = imports.first() {
            reader.report(
                Diagnostic::new(Code::BadImport, import.origin, "an import outside of a file")
                    .why("the path of an import starts in the folder of its file, and this schema stands in none")
                    .help("write the declarations here, or the schema into a `.wm` file"),
            );
        }
        return Vec::new();
    };
    let mut follower = Follower { library, parts: Vec::new(), tried: Vec::new(), open: vec![library.own.clone()] };
    follower.all(reader, &imports);
    let Follower { parts, tried, .. } = follower;
    let (needed, others): (Vec<_>, Vec<_>) =
        needed(words(reader, 0..reader.tokens.len()), parts).partition(|(_, needed)| *needed);
    needed.into_iter().for_each(|(part, _)| add(draft, part));
    draft.left_out = others.into_iter().map(|(part, _)| part.name).collect();
    tried
}

struct Follower<'l> {
    library: &'l Library<'l>,
    parts: Vec<Part>,
    /// The files that were read, or could not be.
    tried: Vec<String>,
    /// The files that are being read, each imported by the one before it.
    open: Vec<String>,
}

impl Follower<'_> {
    fn all(&mut self, reader: &mut Reader<'_>, imports: &[Spanned<String>]) {
        for import in imports {
            let from = self.open.last().map_or("", String::as_str);
            let Some(path) = join(from, &import.value) else {
                reader.report(
                    Diagnostic::new(
                        Code::BadImport,
                        import.origin,
                        format!("`{}` is no path to a schema", import.value),
                    )
                    .why("a path starts in the folder of the file that imports, and ends with `.wm`")
                    .help("write `import \"common.wm\"` or `import \"../shared/common.wm\"`"),
                );
                continue;
            };
            if let Some(at) = self.open.iter().position(|open| *open == path) {
                reader.report(circle(&self.open[at..], &path, import.origin));
            } else if self.tried.len() == FILES_MAX {
                reader.report(
                    Diagnostic::new(Code::BadImport, import.origin, "too many files")
                        .why(format!("a schema may be made of {FILES_MAX} files"))
                        .help("put what belongs together into one file"),
                );
                return;
            } else if !self.tried.contains(&path) {
                self.one(reader, import.origin, path);
            }
        }
    }

    /// Reads one file, and those that it imports.
    fn one(&mut self, reader: &mut Reader<'_>, origin: Origin, path: String) {
        self.tried.push(path.clone());
        let source = match (self.library.load)(&path) {
            Ok(source) => source,
            Err(error) => {
                reader.report(
                    Diagnostic::new(Code::BadImport, origin, format!("cannot read `{path}`: {error}"))
                        .why("a path starts in the folder of the file that imports it")
                        .help("write the path as it is seen from this file, with `/` between folders"),
                );
                return;
            }
        };
        self.open.push(path.clone());
        reader.within(&path, &source, |inner| {
            let items = split::items(inner);
            match items.iter().find(|item| inner.text(item.word) == "protocol") {
                Some(header) => {
                    let origin = inner.token_origin(header.word);
                    inner.report(protocol(origin));
                }
                None => self.parts.extend(items.iter().filter_map(|item| part(inner, item))),
            }
            let imports = std::mem::take(&mut inner.imports);
            self.all(inner, &imports);
        });
        self.open.pop();
    }
}

/// A declaration, unless it is an import or does not belong into an imported file.
fn part(reader: &mut Reader<'_>, item: &Item) -> Option<Part> {
    let word = reader.text(item.word);
    if matches!(word, "message" | "limit" | "exchange" | "recover" | "test" | "frame" | "session") {
        let origin = reader.token_origin(item.word);
        reader.report(
            Diagnostic::new(Code::BadImport, origin, format!("a `{word}` in an imported file"))
                .why("an imported file holds what several protocols share: `const`, `int`, `enum`, `json`, `struct`, `union`, `extern`")
                .help("move it to the files that import this one"),
        );
        return None;
    }
    let mut draft = items::empty_draft();
    reader.item(item, &mut draft);
    let words = words(reader, item.all.clone());
    // Of an `extern` the second word says what it is.
    let name = item.word + 1 + usize::from(word == "extern");
    Some(Part { name: reader.text(name).to_owned(), words, draft })
}

fn words(reader: &Reader<'_>, tokens: std::ops::Range<usize>) -> BTreeSet<String> {
    let words = tokens.filter(|at| reader.tokens[*at].kind == TokenKind::Word);
    words.map(|at| reader.text(at).to_owned()).collect()
}

/// Which declarations `words` lead to, directly or by others.
fn needed(words: BTreeSet<String>, parts: Vec<Part>) -> impl Iterator<Item = (Part, bool)> {
    let mut known = words;
    let mut taken = vec![false; parts.len()];
    // Each round takes one more, so that it ends.
    while let Some(at) = (0..parts.len()).find(|at| !taken[*at] && known.contains(&parts[*at].name)) {
        taken[at] = true;
        known.extend(parts[at].words.iter().cloned());
    }
    parts.into_iter().zip(taken)
}

fn add(draft: &mut Draft, part: Part) {
    let Draft { consts, ints, enums, externs, json_bodies, layouts, .. } = part.draft;
    draft.consts.extend(consts);
    draft.ints.extend(ints);
    draft.enums.extend(enums);
    draft.externs.extend(externs);
    draft.json_bodies.extend(json_bodies);
    draft.layouts.extend(layouts);
}

/// A path as it is seen from the folder of the first file, without `.` and inner `..`; none if it is no path to a schema.
fn join(from: &str, path: &str) -> Option<String> {
    if path.starts_with('/') || !path.ends_with(".wm") || path.contains(['\\', '\0', ':']) {
        return None;
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut steps: Vec<&str> = Vec::new();
    for step in folder.split('/').chain(path.split('/')) {
        match step {
            "" | "." => {}
            ".." if steps.last().is_some_and(|last| *last != "..") => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

fn circle(open: &[String], path: &str, origin: Origin) -> Diagnostic {
    let way: Vec<String> = open.iter().map(String::as_str).chain([path]).map(|file| format!("`{file}`")).collect();
    Diagnostic::new(Code::BadImport, origin, "this import leads back to its own file")
        .why(format!("the way is {}", way.join(", ")))
        .help("move what both need to a third file, and import that into both")
}

fn protocol(origin: Origin) -> Diagnostic {
    Diagnostic::new(Code::BadImport, origin, "a protocol cannot be imported")
        .why("an imported file holds declarations that take the byte order and the limits of who imports them")
        .help("move what both need to a file without a `protocol` line, and import that into both")
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn paths_are_seen_from_the_first_file() {
        let table = [
            ("a.wm", "b.wm", Some("b.wm")),
            ("a.wm", "./x/b.wm", Some("x/b.wm")),
            ("x/a.wm", "b.wm", Some("x/b.wm")),
            ("x/a.wm", "../b.wm", Some("b.wm")),
            ("x/a.wm", "../../b.wm", Some("../b.wm")),
            ("../a.wm", "../b.wm", Some("../../b.wm")),
            ("a.wm", "/b.wm", None),
            ("a.wm", "b", None),
            ("a.wm", "c:\\b.wm", None),
        ];
        for (from, path, expected) in table {
            assert_eq!(join(from, path).as_deref(), expected, "{path} from {from}");
        }
    }
}

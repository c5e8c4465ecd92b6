//! Top-level items: from what pest has found to their drafts.

use super::fields::Within;
use super::grammar::{Pair, Pairs, Rule};
use super::imports::{self, Library};
use super::mistake;
use super::reader::Reader;
use super::split::{self, Item};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{
    BitOrder, Const, Draft, Endian, EnumDraft, EnvelopeDraft, EscapeDraft, ExchangeDraft, ExternDraft, ExternKind,
    FieldDraft, FieldKind, Formula, Held, IntDraft, JsonDraft, LayoutDraft, LayoutKind, Limit, Name, RecoverDraft,
    ResyncDraft, RustShape, Spanned, VariantDraft,
};

/// A file, and the paths of those that it imports.
pub(super) struct Read {
    pub(super) draft: Option<Draft>,
    pub(super) imports: Vec<String>,
}

/// Reads all items of the file, and of those that it imports; no draft if it has no `protocol` line that names it.
pub(super) fn read_all(reader: &mut Reader<'_>, library: Option<&Library<'_>>) -> Read {
    let items = split::items(reader);
    let mut draft = empty_draft();
    let mut header: Option<usize> = None;
    for item in &items {
        if reader.text(item.word) != "protocol" {
            reader.item(item, &mut draft);
            continue;
        }
        match header {
            None => {
                header = Some(item.word);
                reader.header(item, &mut draft);
            }
            Some(first) => {
                let origin = reader.token_origin(item.word);
                let first = reader.token_origin(first);
                let diagnostic = Diagnostic::new(Code::Syntax, origin, "a second protocol")
                    .why("a file holds one protocol")
                    .help("move this one to a file of its own")
                    .note(first, "the first is here");
                reader.report(diagnostic);
            }
        }
    }
    if header.is_none() {
        mistake::no_protocol(reader, &items);
    }
    let imports = imports::follow(reader, library, &mut draft);
    Read { draft: (!draft.name.text.is_empty()).then_some(draft), imports }
}

/// Whether the file has no `protocol` line: others import it.
pub(super) fn is_part(reader: &mut Reader<'_>) -> bool {
    split::items(reader).iter().all(|item| reader.text(item.word) != "protocol")
}

/// What stands behind the closing brace of a layout.
#[derive(Default)]
struct Tail {
    rules: Vec<Formula>,
    depth: Option<Spanned<u128>>,
    max: Option<Spanned<u128>>,
}

pub(super) fn empty_draft() -> Draft {
    Draft {
        docs: Vec::new(),
        name: Name { text: String::new(), origin: crate::draft::Origin(0) },
        version: None,
        port: None,
        endian: None,
        bits: None,
        limits: Vec::new(),
        envelopes: Vec::new(),
        consts: Vec::new(),
        ints: Vec::new(),
        enums: Vec::new(),
        externs: Vec::new(),
        json_bodies: Vec::new(),
        layouts: Vec::new(),
        exchanges: Vec::new(),
        sessions: Vec::new(),
        recovers: Vec::new(),
        tests: Vec::new(),
        lines: Vec::new(),
        left_out: Vec::new(),
        files: Vec::new(),
    }
}

impl Reader<'_> {
    pub(super) fn item(&mut self, item: &Item, draft: &mut Draft) {
        match self.text(item.word) {
            "limit" => self.limits(item, draft),
            "const" => draft.consts.extend(self.constant(item)),
            "int" => draft.ints.extend(self.escaping(item)),
            "enum" => draft.enums.extend(self.enumeration(item)),
            "message" => draft.layouts.extend(self.layout(item, Rule::message_head)),
            "struct" => draft.layouts.extend(self.layout(item, Rule::struct_head)),
            "json" => draft.json_bodies.extend(self.json_body(item)),
            "exchange" => draft.exchanges.extend(self.exchange(item)),
            "recover" => self.recovers(item, draft),
            "test" => draft.tests.extend(self.test(item)),
            "union" => draft.layouts.extend(self.union(item)),
            "import" => self.import(item),
            "frame" => draft.envelopes.extend(self.envelope(item)),
            "extern" => draft.externs.extend(self.external(item)),
            "session" => draft.sessions.extend(self.session(item)),
            _ => mistake::unknown_item(self, item),
        }
        draft.layouts.append(&mut self.nameless);
    }

    fn header(&mut self, item: &Item, draft: &mut Draft) {
        let Some(piece) = self.piece(Rule::protocol_piece, item.all.clone()) else { return };
        draft.docs = Self::docs(&piece);
        for part in piece.into_inner() {
            match part.as_rule() {
                Rule::protocol_name => draft.name = self.name(&part),
                Rule::version => {
                    draft.version = self.version(&part);
                }
                Rule::header_option => self.header_option(part, draft),
                _ => {}
            }
        }
    }

    /// `v2`.
    pub(super) fn version(&mut self, pair: &Pair<'_>) -> Option<Spanned<u32>> {
        if let Ok(number) = pair.as_str().trim_start_matches('v').parse::<u32>() {
            return Some(self.spanned(pair, number));
        }
        let diagnostic = Diagnostic::new(Code::NumberTooLarge, self.origin(pair), "too large a version")
            .why("a version is held in 32 bits")
            .help("write a smaller one, such as `v2`");
        self.report(diagnostic);
        None
    }

    fn header_option(&mut self, pair: Pair<'_>, draft: &mut Draft) {
        let Some(option) = pair.into_inner().next() else { return };
        match option.as_rule() {
            Rule::port => {
                let port = option.into_inner().find(|part| part.as_rule() == Rule::int);
                draft.port = port.and_then(|port| self.size(&port));
            }
            Rule::endian => {
                let little = option.clone().into_inner().any(|part| part.as_rule() == Rule::kw_little);
                let endian = if little { Endian::Little } else { Endian::Big };
                draft.endian = Some(self.spanned(&option, endian));
            }
            Rule::bits => {
                let lowest = option.clone().into_inner().any(|part| part.as_rule() == Rule::kw_lsb);
                let order = if lowest { BitOrder::Lowest } else { BitOrder::Highest };
                draft.bits = Some(self.spanned(&option, order));
            }
            _ => {}
        }
    }

    fn limits(&mut self, item: &Item, draft: &mut Draft) {
        let Some(piece) = self.piece(Rule::limit_piece, item.all.clone()) else { return };
        for pair in piece.into_inner().filter(|part| part.as_rule() == Rule::limit) {
            let (mut name, mut value) = (None, None);
            for part in pair.into_inner() {
                match part.as_rule() {
                    Rule::name => name = Some(self.name(&part)),
                    Rule::int => value = self.size(&part),
                    _ => {}
                }
            }
            if let (Some(name), Some(value)) = (name, value) {
                draft.limits.push(Limit { name, value });
            }
        }
    }

    /// `frame slip max 4K`.
    fn envelope(&mut self, item: &Item) -> Option<EnvelopeDraft> {
        let piece = self.piece(Rule::frame_piece, item.all.clone())?;
        let origin = self.origin(&piece);
        let (mut ty, mut attrs) = (None, Vec::new());
        for part in piece.into_inner() {
            match part.as_rule() {
                Rule::ty => ty = self.ty(part, Within::Envelope),
                Rule::attr => attrs.extend(self.attr(part)),
                _ => {}
            }
        }
        Some(EnvelopeDraft { ty: ty?, attrs, origin })
    }

    fn constant(&mut self, item: &Item) -> Option<Const> {
        let (mut name, mut value) = (None, None);
        for part in self.piece(Rule::const_piece, item.all.clone())?.into_inner() {
            match part.as_rule() {
                Rule::const_name => name = Some(self.name(&part)),
                Rule::const_value => value = self.spanned_literal(part.into_inner().next()?),
                _ => {}
            }
        }
        Some(Const { name: name?, value: value? })
    }

    /// `int Len: u7 minimal { 126 => u16, 127 => u64 }`.
    fn escaping(&mut self, item: &Item) -> Option<IntDraft> {
        let piece = self.piece(Rule::int_piece, item.all.clone())?;
        let docs = Self::docs(&piece);
        let (mut name, mut base, mut direct, mut minimal, mut escapes) = (None, None, None, false, Vec::new());
        for part in piece.into_inner() {
            match part.as_rule() {
                Rule::type_name => name = Some(self.name(&part)),
                Rule::ty => base = self.ty(part, Within::Layout),
                Rule::in_range => {
                    let range = part.into_inner().find(|inner| inner.as_rule() == Rule::range)?;
                    direct = Some(self.number_range(&range)?);
                }
                Rule::kw_minimal => minimal = true,
                Rule::escape => escapes.extend(self.escape(part)),
                _ => {}
            }
        }
        Some(IntDraft { docs, name: name?, base: base?, direct, minimal, escapes })
    }

    fn escape(&mut self, pair: Pair<'_>) -> Option<EscapeDraft> {
        let (mut mark, mut ty) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::number => {
                    let value = self.number(part.clone())?;
                    mark = Some(self.spanned(&part, value));
                }
                Rule::ty => ty = self.ty(part, Within::Layout),
                _ => {}
            }
        }
        Some(EscapeDraft { mark: mark?, ty: ty? })
    }

    fn enumeration(&mut self, item: &Item) -> Option<EnumDraft> {
        let (mut docs, mut name, mut repr, mut nocase) = (Vec::new(), None, None, false);
        if let Some(head) = self.piece(Rule::enum_head, item.head()) {
            docs = Self::docs(&head);
            for part in head.into_inner() {
                match part.as_rule() {
                    Rule::type_name => name = Some(self.name(&part)),
                    Rule::ty => repr = self.ty(part, Within::Layout),
                    Rule::kw_nocase => nocase = true,
                    _ => {}
                }
            }
        }
        let mut variants = Vec::new();
        for line in split::lines(self, item.body()) {
            let Some(piece) = self.piece(Rule::variants, line) else { continue };
            for pair in piece.into_inner().filter(|pair| pair.as_rule() == Rule::variant) {
                variants.extend(self.variant(pair, variants.last()));
            }
        }
        self.no_tail(item);
        Some(EnumDraft { docs, name: name?, repr: repr?, nocase, variants, rust: RustShape::Generated })
    }

    /// A variant without a value follows the one before it, as in Rust; the first is 0.
    fn variant(&mut self, pair: Pair<'_>, before: Option<&VariantDraft>) -> Option<VariantDraft> {
        let docs = Self::docs(&pair);
        let (mut name, mut values, mut word, mut open) = (None, None, None, false);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::open_variant => {
                    open = true;
                    name = Some(self.name(&part));
                }
                Rule::type_name => name = Some(self.name(&part)),
                Rule::range => values = Some(self.number_range(&part)?),
                Rule::number => {
                    let value = self.number(part.clone())?;
                    values = Some(self.spanned(&part, (value, value)));
                }
                Rule::literal => {
                    let bytes = self.bytes(part.clone())?;
                    word = Some(self.spanned(&part, bytes));
                }
                _ => {}
            }
        }
        let name = name?;
        if values.is_none() && !open {
            let value =
                before.and_then(|before| before.values.as_ref()).map_or(0, |values| values.value.1.saturating_add(1));
            values = Some(Spanned { value: (value, value), origin: name.origin });
        }
        Some(VariantDraft { docs, name, values, word })
    }

    fn layout(&mut self, item: &Item, rule: Rule) -> Option<LayoutDraft> {
        let (mut docs, mut name, mut from, mut params) = (Vec::new(), None, None, Vec::new());
        if let Some(head) = self.piece(rule, item.head()) {
            docs = Self::docs(&head);
            for part in head.into_inner() {
                match part.as_rule() {
                    Rule::type_name => name = Some(self.name(&part)),
                    Rule::params => params = self.params(part),
                    Rule::from => {
                        from = part.into_inner().find(|part| part.as_rule() == Rule::side).map(|side| self.side(&side))
                    }
                    _ => {}
                }
            }
        }
        self.owners = name.iter().map(|name: &Name| name.text.clone()).collect();
        let mut fields = self.fields(item.body(), Within::Layout);
        let Tail { rules, depth, max } = self.layout_tail(item, &mut fields);
        let kind = if rule == Rule::struct_head { LayoutKind::Struct } else { LayoutKind::Message { from } };
        Some(LayoutDraft { docs, name: name?, kind, params, fields, depth, max, rules, rust: RustShape::Generated })
    }

    /// What stands behind the closing brace of a layout; that it may be extended is a field of it.
    fn layout_tail(&mut self, item: &Item, fields: &mut Vec<FieldDraft>) -> Tail {
        let range = item.tail();
        let mut tail = Tail::default();
        if range.is_empty() {
            return tail;
        }
        let Some(piece) = self.piece(Rule::layout_tail, range) else { return tail };
        tail.depth = self.bound(&piece, Rule::depth);
        tail.max = self.bound(&piece, Rule::layout_max);
        let attrs = piece.into_inner().filter(|part| part.as_rule() == Rule::layout_attr);
        let attrs: Vec<Pair<'_>> = attrs.filter_map(|attr| attr.into_inner().next()).collect();
        for attr in attrs {
            match attr.as_rule() {
                Rule::layout_where => tail.rules.extend(self.formula_of(attr)),
                Rule::extensible => fields.push(self.extension(&attr)),
                _ => {}
            }
        }
        tail
    }

    /// `depth 32` or `max 255` behind the closing brace of a layout.
    pub(super) fn bound(&mut self, pair: &Pair<'_>, rule: Rule) -> Option<Spanned<u128>> {
        let attrs = pair.clone().into_inner().filter(|part| part.as_rule() == Rule::layout_attr);
        let bound = attrs.flat_map(Pair::into_inner).find(|part| part.as_rule() == rule)?;
        let number = bound.into_inner().find(|part| part.as_rule() == Rule::int)?;
        self.size(&number)
    }

    fn extension(&mut self, pair: &Pair<'_>) -> FieldDraft {
        let (docs, attrs, origin) = (Vec::new(), Vec::new(), self.origin(pair));
        FieldDraft { docs, kind: FieldKind::Extension, attrs, held: Held::View, origin }
    }

    /// Refuses what stands behind a union and speaks of the fields of a struct.
    pub(super) fn no_tail_of_a_struct(&mut self, pair: &Pair<'_>) {
        let attrs = pair.clone().into_inner().filter(|part| part.as_rule() == Rule::layout_attr);
        for part in attrs.flat_map(Pair::into_inner) {
            let (word, why, help) = match part.as_rule() {
                Rule::extensible => (
                    "extensible",
                    "what a newer version adds stands behind the fields of an arm, and no arm has those of another",
                    "write it behind the struct of each arm that may grow: `struct Point { x: u8 } extensible`",
                ),
                Rule::layout_where => (
                    "where",
                    "which fields are there depends on the arm",
                    "write it behind the struct of the arm: `struct Range { low: u8  high: u8 } where low <= high`",
                ),
                _ => continue,
            };
            let label = format!("`{word}` does not fit a union");
            let diagnostic = Diagnostic::new(Code::BadAttribute, self.origin(&part), label).why(why).help(help);
            self.report(diagnostic);
        }
    }

    /// Refuses whatever stands behind the closing brace of an item that ends there.
    pub(super) fn no_tail(&mut self, item: &Item) {
        if !item.tail().is_empty() {
            self.piece(Rule::no_tail, item.tail());
        }
    }

    fn json_body(&mut self, item: &Item) -> Option<JsonDraft> {
        let (mut docs, mut name) = (Vec::new(), None);
        if let Some(head) = self.piece(Rule::json_head, item.head()) {
            docs = Self::docs(&head);
            name = head.into_inner().find(|part| part.as_rule() == Rule::type_name).map(|part| self.name(&part));
        }
        let members = self.fields(item.body(), Within::Json);
        self.no_tail(item);
        Some(JsonDraft { docs, name: name?, members })
    }

    fn exchange(&mut self, item: &Item) -> Option<ExchangeDraft> {
        let piece = self.piece(Rule::exchange_piece, item.all.clone())?;
        let origin = self.origin(&piece);
        let mut names = Vec::new();
        let mut by = None;
        for part in piece.into_inner() {
            match part.as_rule() {
                Rule::type_name => names.push(self.name(&part)),
                Rule::pairing => {
                    by = part.into_inner().find(|part| part.as_rule() == Rule::name).map(|name| self.name(&name))
                }
                _ => {}
            }
        }
        let mut names = names.into_iter();
        Some(ExchangeDraft { request: names.next()?, replies: names.collect(), by, origin })
    }

    fn recovers(&mut self, item: &Item, draft: &mut Draft) {
        self.piece(Rule::recover_head, item.head());
        for line in split::lines(self, item.body()) {
            let Some(piece) = self.piece(Rule::recovers, line) else { continue };
            for pair in piece.into_inner().filter(|pair| pair.as_rule() == Rule::recover) {
                draft.recovers.extend(self.recover(pair));
            }
        }
        self.no_tail(item);
    }

    fn recover(&mut self, pair: Pair<'_>) -> Option<RecoverDraft> {
        let mut parts = pair.into_inner().filter(|part| part.as_rule() != Rule::fat_arrow);
        let fault = self.name(&parts.next()?);
        let action = parts.next()?;
        let mut words = action.into_inner();
        let action = self.name(&words.next()?);
        let resync = if action.text == "resync" { Some(self.resync(words)?) } else { None };
        Some(RecoverDraft { fault, action, resync })
    }

    fn resync(&mut self, words: Pairs<'_>) -> Option<ResyncDraft> {
        let (mut mark, mut within) = (None, None);
        for word in words {
            match word.as_rule() {
                Rule::literal => {
                    let origin = self.origin(&word);
                    mark = Some(Spanned { value: self.bytes(word)?, origin });
                }
                Rule::int => within = Some(self.size(&word)?),
                _ => {}
            }
        }
        Some(ResyncDraft { mark: mark?, within })
    }

    fn import(&mut self, item: &Item) {
        let Some(piece) = self.piece(Rule::import_piece, item.all.clone()) else { return };
        let Some(string) = piece.into_inner().find(|part| part.as_rule() == Rule::string) else { return };
        let Some(path) = self.quoted(&string) else { return };
        let path = String::from_utf8_lossy(&path).into_owned();
        let path = self.spanned(&string, path);
        self.imports.push(path);
    }

    /// `extern type Time: u64 = "crate::Time"` and its like.
    fn external(&mut self, item: &Item) -> Option<ExternDraft> {
        let piece = self.piece(Rule::extern_piece, item.all.clone())?;
        let docs = Self::docs(&piece);
        let (mut said, mut path) = (None, None);
        for part in piece.into_inner() {
            match part.as_rule() {
                Rule::extern_type | Rule::extern_fn | Rule::extern_via => said = Some(part),
                Rule::string => {
                    let text = String::from_utf8_lossy(&self.quoted(&part)?).into_owned();
                    path = Some(self.spanned(&part, text));
                }
                _ => {}
            }
        }
        let said = said?;
        let (rule, mut name, mut ty, mut attrs) = (said.as_rule(), None, None, Vec::new());
        for part in said.into_inner() {
            match part.as_rule() {
                Rule::type_name | Rule::name => name = Some(self.name(&part)),
                Rule::ty => ty = self.ty(part, Within::Layout),
                Rule::attr => attrs.extend(self.attr(part)),
                _ => {}
            }
        }
        let kind = match rule {
            Rule::extern_type => ExternKind::Type(ty?, attrs),
            Rule::extern_fn => ExternKind::Function(ty?),
            _ => ExternKind::Via,
        };
        Some(ExternDraft { docs, name: name?, kind, path: path? })
    }
}

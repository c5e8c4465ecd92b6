//! Layouts and messages as tables.

use super::fields::{self, Names};
use super::lua::{self, Table, list, number, quoted};
use super::{side_word, steps, types};
use crate::ir::headers::{FramedBy, framed, length_header, lengths};
use crate::ir::{
    Action, BitPlace, By, Bytes, Choice, Content, Endian, Extent, Field, Formula, Int, Layout, Measure, Message, Role,
    Scale, Schema, Type, Value,
};
use std::fmt::Write as _;

/// Writes the tables of a schema.
pub(super) struct Tables<'s> {
    pub(super) schema: &'s Schema,
    names: Names,
    notes: Vec<String>,
}

pub(super) fn bit_place(place: &BitPlace) -> String {
    bit_table(place).end()
}

pub(super) fn bit_table(place: &BitPlace) -> Table {
    Table::new()
        .set("first", place.first + 1)
        .set("bytes", place.bytes)
        .set("shift", place.shift)
        .set("width", place.width)
        .set("byte", place.byte())
        .set("spread", place.spread())
        .flag("little", place.endian == Endian::Little)
}

/// The units of a number.
pub(super) fn scaled(table: Table, scale: Scale) -> Table {
    match scale {
        Scale::One => table,
        Scale::Over(by) => table.set("over", by),
        Scale::Times(by) => table.set("times", by),
    }
}

impl<'s> Tables<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self { schema, names: Names::new(), notes: Vec::new() }
    }

    /// What the dissector does not do, each once.
    pub(super) fn notes(&self) -> Vec<String> {
        let mut notes = self.notes.clone();
        notes.dedup();
        notes
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Enums and words.
    pub(super) fn declarations(&self) -> String {
        let mut text = String::from(
            "local function name_of(variants, value)\n\
             \x20 for _, one in ipairs(variants) do\n\
             \x20   if within(value, one[1], one[2]) then return one[3] end\n\
             \x20 end\n\
             \x20 return \"Unknown\"\n\
             end\n\
             local enums, words = {}, {}\n",
        );
        for one in &self.schema.enums {
            let _ = writeln!(text, "enums.{} = {}", one.name, types::declared(one));
        }
        for one in &self.schema.words {
            let spelled = list(one.words.iter().map(|word| quoted(word.text.as_bytes())));
            let table = Table::new().set("words", spelled).flag("open", one.open).flag("nocase", one.nocase).end();
            let _ = writeln!(text, "words.{} = {table}", one.name);
        }
        text
    }

    /// All layouts.
    pub(super) fn layouts(&mut self) -> String {
        let schema = self.schema;
        let mut text = String::new();
        let messages = schema.messages.iter().map(|message| &message.layout);
        for layout in messages.chain(&schema.structs) {
            let table = self.layout(layout).unwrap_or_else(|why| {
                self.note(format!("`{}` is not dissected: {why}", layout.name));
                Table::new().text("name", &layout.name).text("unsupported", &why).set("fields", "{}").lines("")
            });
            let _ = writeln!(text, "layouts.{} = {table}", layout.name);
        }
        text + "for _, layout in pairs(layouts) do\n  for _, one in ipairs(layout.fields) do one.owner = layout.name end\nend\n"
    }

    fn layout(&mut self, layout: &Layout) -> Result<String, String> {
        let schema = self.schema;
        let lines: Vec<String> = (0..layout.fields.len()).map(|at| self.field(layout, at)).collect::<Result<_, _>>()?;
        let lines: String = lines.iter().map(|line| format!("    {line},\n")).collect();
        let walked = crate::walk::layouts(schema).any(|one| one.name == layout.name)
            || matches!(layout.choice, Some(Choice { by: By::Header { .. }, .. }));
        let choice = layout.choice.as_ref().map(|choice| self.choice(layout, choice)).transpose()?;
        let least_arm = layout.choice.as_ref().and_then(|_| layout.fields.iter().map(|arm| arm.size.least).min());
        Ok(Table::new()
            .text("name", &layout.name)
            .set_some("depth", schema.counted(layout))
            .set_some("max", layout.max)
            .set_some("hops", layout.hops)
            .flag("fixed", layout.size.fixed().is_some())
            .set_some("choice", choice)
            .set_some("least_arm", least_arm)
            .set_some("framed", framing_headers(schema, layout))
            .set_some("steps", walked.then(|| steps::table(schema, layout)))
            .set("fields", format!("{{\n{lines}  }}"))
            .lines(""))
    }

    /// What chooses the arm of a union.
    fn choice(&mut self, layout: &Layout, choice: &Choice) -> Result<String, String> {
        let otherwise = choice.values.iter().position(Option::is_none).map(|at| (at + 1).to_string());
        let otherwise = otherwise.unwrap_or_else(|| "nil".to_owned());
        let mut arms = String::new();
        for (at, values) in choice.values.iter().enumerate() {
            let Some((least, most)) = values else { continue };
            let test = match &choice.by {
                By::Given(Type::Bytes(Bytes { content: Content::Word(index), .. })) => {
                    let words = &self.schema.words[*index].words;
                    let chosen = usize::try_from(*least).ok().and_then(|place| words.get(place));
                    format!("value == {}", quoted(chosen.map_or("", |word| &word.text).as_bytes()))
                }
                _ => format!("within(value, {}, {})", number(*least), number(*most)),
            };
            let _ = write!(arms, "if {test} then return {} end ", at + 1);
        }
        let table = Table::new().set("arm", format!("function(value) {arms}return {otherwise} end"));
        Ok(match &choice.by {
            By::Tag(int) => {
                let name = self.names.of(layout, "tag");
                table.set("tag", types::int(int)).set("show", fields::number_named(int, &name, "tag")).end()
            }
            By::Bits { width, shift } => table.set("width", width).set("shift", shift).end(),
            By::Header { .. } => table.flag("header", true).end(),
            By::Given(_) => table.end(),
        })
    }

    fn field(&mut self, layout: &Layout, at: usize) -> Result<String, String> {
        let schema = self.schema;
        // Named one by one: what is added to a field must not be passed over here.
        let Field {
            docs: _,
            name,
            role,
            ty,
            condition,
            since,
            args,
            rules,
            region,
            leaves,
            held: _,
            bits,
            size,
            stream: _,
            line: _,
            converted,
        } = &layout.fields[at];
        let field = &layout.fields[at];
        let said = |why: String| format!("`{name}`: {why}");
        let table = Table::new().text("name", name).set("type", types::table(schema, layout, ty).map_err(said)?);
        if let Some(path) = converted {
            self.note(format!(
                "`{}.{name}` is shown as it is on the wire; what `{path}` refuses is not refused",
                layout.name
            ));
        }
        let table = self.shown(table, layout, field);
        let table = self.role(table, layout, at, role)?;
        let function = |formula: &Formula| lua::function(schema, layout, formula);
        let needed = |formula: &Formula| {
            function(formula).map_err(|why| format!("`{name}` depends on `{}`: {why}", formula.text))
        };
        let condition = condition.as_ref().map(needed).transpose()?;
        let args: Vec<String> = args.iter().map(needed).collect::<Result<_, _>>()?;
        let mut kept = Vec::new();
        for rule in rules {
            match function(rule) {
                Ok(holds) => kept.push(Table::new().text("text", &rule.text).set("holds", holds).end()),
                Err(why) => self.note(format!("`{}` of `{}.{name}` is not judged: {why}", rule.text, layout.name)),
            }
        }
        let since = since.map(|since| {
            let behind = since.behind.map(|before| before + 1);
            Table::new().set_some("behind", behind).flag("joined", since.joined && behind.is_some()).end()
        });
        Ok(table
            .set_some("condition", condition)
            .set_some("since", since)
            .set_some("args", (!args.is_empty()).then(|| list(args)))
            .set_some("rules", (!kept.is_empty()).then(|| list(kept)))
            .set_some("region", region.map(|number| number + 1))
            .set_some("each_by", layout.each(at).map(|number| number + 1))
            .set_some("reads", is_handed(field).then(|| reads(schema, layout, at)))
            .set_some("given", is_handed(field).then(|| crate::walk::handed(layout) - layout.params.len()))
            .set_some("leaves", *leaves)
            .set_some("bits", bits.as_ref().map(bit_place))
            .set("shortest", size.least)
            .end())
    }

    /// The fields of Wireshark that show a field.
    fn shown(&mut self, table: Table, layout: &Layout, field: &Field) -> Table {
        let schema = self.schema;
        let name = self.names.of(layout, &field.name);
        let table = match &field.ty {
            Type::Bytes(Bytes { content: Content::Json | Content::JsonBody(_), .. }) => {
                self.note(format!("`{}.{}` is shown as text, and not checked to be JSON", layout.name, field.name));
                table
            }
            _ => table,
        };
        let (show, item) = match &field.ty {
            Type::List { element, .. } => {
                let whole = quoted(format!("{name}-list").as_bytes());
                let docs = quoted(field.docs.join(" ").as_bytes());
                let list = fields::group(&whole, &quoted(field.name.as_bytes()), &docs);
                (list, Some(fields::declared(schema, element, &name, field)))
            }
            Type::Bytes(Bytes { content: Content::Headers, .. }) => {
                let line = format!("field(\"string\", {}, \"header\")", quoted(format!("{name}-line").as_bytes()));
                (fields::declared(schema, &field.ty, &name, field), Some(line))
            }
            ty => (fields::declared(schema, ty, &name, field), None),
        };
        let prefix = match &field.ty {
            Type::Bytes(Bytes { extent: Extent::Prefix(int), .. }) => Some((int, "size")),
            Type::List { count: Extent::Prefix(int), .. } => Some((int, "count")),
            _ => None,
        };
        let prefix = prefix.map(|(int, unit)| {
            fields::number_named(int, &format!("{name}-{unit}"), &format!("{unit} of {}", field.name))
        });
        table.set("show", show).set_some("item", item).set_some("prefix", prefix)
    }

    /// Who sets a field, and what must be true of it.
    fn role(&mut self, table: Table, layout: &Layout, at: usize, role: &Role) -> Result<Table, String> {
        let field = &layout.fields[at];
        let table = match role {
            Role::Value | Role::Constant(_) => table,
            Role::Pointed(pointer) => {
                let place = lua::place(self.schema, layout, &pointer.place);
                let place =
                    place.map_err(|why| format!("`{}` is led to by `{}`: {why}", field.name, pointer.place.text))?;
                table.set("pointer", Table::new().set("place", place).set("least", pointer.least).end())
            }
            Role::Computed(equation) => {
                let table = scaled(table.text("role", "computed").set("add", equation.add), equation.scale);
                let table = table.set_some("absent", equation.absent.map(number));
                match equation.measure {
                    Measure::Elements { list } => table.set("counts", list + 1),
                    Measure::Each { list } => table.set("each", list + 1),
                    Measure::Bytes { first, last } => table.set("first", first + 1).set("last", last + 1),
                }
            }
            Role::Checksum(found) => match types::checksum(self.schema, *found) {
                Ok(found) => table.set("checksum", found),
                Err(why) => {
                    self.note(format!("the checksum `{}.{}` is not checked: {why}", layout.name, field.name));
                    table
                }
            },
            Role::Extension => table.text("role", "extension"),
            Role::Sender(side) => table.text("sender", side_word(*side)),
        };
        if types::is_constant(role, &field.ty) {
            return Ok(match (role, field.bits) {
                (Role::Constant(value), Some(_)) => table.set("bits_constant", number(*value)),
                _ => table.set("constant", quoted(&crate::interp::constant(self.schema, field))),
            });
        }
        Ok(self.number_rules(table, layout, at, role))
    }

    /// The rules that a number keeps by itself.
    fn number_rules(&mut self, table: Table, layout: &Layout, at: usize, role: &Role) -> Table {
        let field = &layout.fields[at];
        let Type::Int(int, range) = &field.ty else { return table };
        if *int == Int::Flag {
            return table;
        }
        let table = match range {
            Some((least, most)) => {
                let inexact =
                    |bound: i128| bound.abs() > lua::EXACT && bound != int.range().0 && bound != int.range().1;
                if inexact(*least) || inexact(*most) {
                    self.note(format!("the range of `{}.{}` is judged only about", layout.name, field.name));
                }
                table.set("least", number(*least)).set("most", number(*most))
            }
            None => table,
        };
        let add = match role {
            Role::Computed(equation) => i128::from(equation.add),
            _ => 0,
        };
        let measured = |other: &&Field| other.region == Some(at) || says_length(&other.ty, at);
        let measured: Vec<&Field> = layout.fields.iter().filter(measured).collect();
        let each = role.each().is_some();
        let most = measured.iter().filter(|other| other.region.is_none()).filter_map(|other| max(&other.ty)).min();
        table
            .set_some("said_least", (each || !measured.is_empty()).then(|| number(add)))
            .set_some("said_most", most.map(|most| number(i128::from(most) + add)))
    }

    /// What is known of messages.
    pub(super) fn messages(&mut self) -> String {
        let mut text = String::new();
        for message in &self.schema.messages {
            let name = &message.layout.name;
            let framing = steps::framing(self.schema, message).unwrap_or_else(|why| {
                self.note(format!("`{name}` is not dissected: {why}"));
                Table::new().text("kind", "unknown").text("why", &why).end()
            });
            let table = Table::new()
                .text("name", name)
                .set("framing", framing)
                .set("least", message.layout.size.least)
                .set("most", number(message.frame_bytes_max.into()))
                .set("constants", list(self.constants(message)))
                .set("recover", recover(message))
                .lines("");
            let _ = writeln!(text, "messages.{name} = {table}");
        }
        text
    }

    /// The constants that the framer compares: those in front of the number or the delimiter, or all of a fixed frame.
    fn constants(&self, message: &Message) -> Vec<String> {
        let layout = &message.layout;
        let until = match &message.framing {
            crate::ir::Framing::Fixed { .. } => layout.fields.len(),
            crate::ir::Framing::Prefix { field, .. } | crate::ir::Framing::Until { field, .. } => *field,
            _ => 0,
        };
        let mut at = 0;
        let mut constants = Vec::new();
        for field in &layout.fields[..until] {
            if field.bits.is_none() && types::is_constant(&field.role, &field.ty) {
                let bytes = quoted(&crate::interp::constant(self.schema, field));
                let table = Table::new().text("owner", &layout.name).text("name", &field.name);
                let nocase = matches!(&field.ty, Type::Constant(constant) if constant.nocase);
                constants.push(table.set("at", at).set("bytes", bytes).flag("nocase", nocase).end());
            }
            at += field.size.least;
        }
        constants
    }
}

/// Whether a field says how long bytes or a list are.
fn says_length(ty: &Type, number: usize) -> bool {
    matches!(ty, Type::Bytes(Bytes { extent: Extent::Field(at), .. }) | Type::List { count: Extent::Field(at), .. } if *at == number)
}

fn max(ty: &Type) -> Option<u64> {
    match ty {
        Type::Bytes(bytes) => bytes.max,
        Type::List { max, .. } => *max,
        _ => None,
    }
}

/// What headers say of a field.
fn framing_headers(schema: &Schema, layout: &Layout) -> Option<String> {
    let found = framed(schema, layout)?;
    let table = Table::new().set("headers", found.headers + 1).set("body", found.body + 1);
    Some(match found.how {
        FramedBy::Length(bytes, name) => {
            table.text("length", name).set("max", number(bytes.max.unwrap_or(u64::MAX).into())).end()
        }
        FramedBy::Choice(union, choice, name) => {
            let By::Header { words, .. } = &choice.by else { return None };
            let places = words.iter().enumerate().filter_map(|(at, word)| {
                let arm = choice.given(schema, &Value::Int(i128::try_from(at).ok()?))?;
                Some(format!("[{}] = {}", quoted(word.to_ascii_lowercase().as_bytes()), arm + 1))
            });
            let absent = choice.values.iter().position(Option::is_none).map(|at| at + 1);
            let arm = |arm: &Field| {
                let own = length_header(&arm.ty).map(|own| quoted(own.as_bytes()));
                let most = own.as_ref().map(|_| number(max(&arm.ty).unwrap_or(u64::MAX).into()));
                let extra = arm.size.least - union.size.least;
                Table::new().set_some("length", own).set_some("max", most).set("extra", extra).end()
            };
            let names = lengths(union).into_iter().map(|name| quoted(name.as_bytes()));
            table
                .text("chooses", name)
                .set("words", list(places))
                .set_some("absent", absent)
                .set("arms", list(union.fields.iter().map(arm)))
                .set("lengths", list(names))
                .end()
        }
    })
}

/// What follows a bad frame, by the kind of its fault.
fn recover(message: &Message) -> String {
    let mut table = Table::new();
    for rule in &message.recover {
        let what = match &rule.action {
            Action::Close => Table::new().text("action", "close"),
            Action::Skip => Table::new().text("action", "skip"),
            Action::Resync { mark, within } => {
                Table::new().text("action", "resync").set("mark", quoted(mark)).set("within", within)
            }
        };
        table = table.set(rule.kind.map_or("_", crate::ir::FaultKind::word), what.end());
    }
    table.end()
}

/// Whether the elements of a list are handed values.
fn is_handed(field: &Field) -> bool {
    matches!(field.ty, Type::List { .. }) && !field.args.is_empty()
}

/// The fields that a walk reads again for what it hands to the elements of a list.
fn reads(schema: &Schema, layout: &Layout, list: usize) -> String {
    let reads = crate::walk::read_by_arguments(schema, layout, list);
    self::list(reads.iter().map(|(field, _)| (field + 1).to_string()))
}

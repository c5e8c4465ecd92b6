//! A schema as a page for people: HTML in one file, which needs nothing else, neither scripts nor fonts nor a network.
//!
//! ```text
//!   summary, states (states), and for each message: its words, its bytes drawn (wire), its fields, its tests (examples)
//! ```

mod examples;
mod html;
mod states;
mod wire;

use crate::explain::table::{declarations, field_rows};
use crate::explain::words::{amount, framing, onward, span};
use crate::ir::{Action, Bytes, Content, Layout, Message, Schema, Side, Type};
use html::{escaped, paragraphs, with_code};
use std::fmt::Write as _;

const STYLE: &str = include_str!("style.css");

/// The page of a schema.
#[must_use]
pub fn page(schema: &Schema) -> String {
    let title = escaped(&schema.name);
    let mut body = summary(schema);
    if let Some(session) = &schema.session {
        let _ = write!(
            body,
            "<section id=\"session\"><h2>Session</h2>\n<p>Who may say what, and where it leads. It starts in <code>{}</code>.</p>\n<figure class=\"wide drawing\">{}</figure>\n",
            escaped(&session.states[session.start].name),
            states::draw(schema, session)
        );
        for state in session.states.iter().filter(|state| !state.docs.is_empty()) {
            let _ = write!(body, "<h3 class=\"mono\">{}</h3>{}", escaped(&state.name), paragraphs(&state.docs, ""));
        }
        body.push_str("</section>\n");
    }
    for (index, message) in schema.messages.iter().enumerate() {
        body.push_str(&message_section(schema, index, message));
    }
    for layout in &schema.structs {
        body.push_str(&struct_section(schema, layout));
    }
    body.push_str(&declared(schema));
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<div class=\"page\">\n{}<main>\n{body}<footer>Made by <code>wm-schema doc</code>.</footer>\n</main>\n</div>\n</body>\n</html>\n",
        navigation(schema)
    )
}

fn navigation(schema: &Schema) -> String {
    let mut text = String::from("<nav><div>\n<ul><li><a href=\"#top\">Summary</a></li>");
    if schema.session.is_some() {
        text.push_str("<li><a href=\"#session\">Session</a></li>");
    }
    text.push_str("</ul>\n");
    let mut group = |title: &str, names: Vec<&str>| {
        if names.is_empty() {
            return;
        }
        let link = |name: &&str| format!("<li><a href=\"#{}\">{}</a></li>", anchor(name), escaped(name));
        let _ = writeln!(text, "<h2>{title}</h2>\n<ul>{}</ul>", names.iter().map(link).collect::<String>());
    };
    group("Messages", schema.messages.iter().map(|message| message.layout.name.as_str()).collect());
    let of_kind = |unions: bool| -> Vec<&str> {
        schema
            .structs
            .iter()
            .filter(|layout| layout.choice.is_some() == unions)
            .map(|layout| layout.name.as_str())
            .collect()
    };
    group("Structs", of_kind(false));
    group("Unions", of_kind(true));
    let enums =
        schema.enums.iter().map(|one| one.name.as_str()).chain(schema.words.iter().map(|one| one.name.as_str()));
    group("Enums", enums.collect());
    group("Integers", schema.ints.iter().map(|one| one.name.as_str()).collect());
    group("JSON", schema.json_bodies.iter().map(|one| one.name.as_str()).collect());
    text + "</div></nav>\n"
}

/// Where a declaration stands on the page.
fn anchor(name: &str) -> String {
    format!("type-{}", escaped(name))
}

fn summary(schema: &Schema) -> String {
    let version = schema.version.map(|version| format!(" <span class=\"dim\">v{version}</span>")).unwrap_or_default();
    let mut text = format!("<section id=\"top\"><h1>{}{version}</h1>\n", escaped(&schema.name));
    text.push_str(&paragraphs(&schema.docs, "lead"));
    text.push_str("<div class=\"badges\">");
    if let Some(port) = schema.port {
        let _ = write!(text, "<span class=\"badge\">port {port}</span>");
    }
    let _ =
        writeln!(text, "<span class=\"badge\">frames up to {}</span></div>", escaped(&amount(schema.frame_bytes_max)));
    text.push_str(
        "<div class=\"wide\"><table><tr><th>message</th><th>sent by</th><th>framing</th><th>bytes</th></tr>\n",
    );
    for message in &schema.messages {
        let _ = writeln!(
            text,
            "<tr><td class=\"name\"><a href=\"#{}\">{}</a></td><td>{}</td><td class=\"mono\">{}</td><td>{}</td></tr>",
            anchor(&message.layout.name),
            escaped(&message.layout.name),
            sender(message.from),
            escaped(&framing(schema, message).0),
            escaped(&span(message.layout.size))
        );
    }
    text.push_str("</table></div>\n");
    for exchange in &schema.exchanges {
        let link = |index: &usize| {
            let name = &schema.messages[*index].layout.name;
            format!("<a href=\"#{}\">{}</a>", anchor(name), escaped(name))
        };
        let replies: Vec<String> = exchange.replies.iter().map(link).collect();
        let how = exchange.pairing.as_ref().map_or("in the order of the requests".to_owned(), |pairing| {
            format!("paired by <code>{}</code>", escaped(&pairing.field))
        });
        let _ = writeln!(text, "<p>{} is answered by {}, {how}.</p>", link(&exchange.request), replies.join(" or "));
    }
    text + "</section>\n"
}

const fn sender(from: Option<Side>) -> &'static str {
    match from {
        None => "both sides",
        Some(Side::Client) => "the client",
        Some(Side::Server) => "the server",
    }
}

fn message_section(schema: &Schema, index: usize, message: &Message) -> String {
    let layout = &message.layout;
    let (class, why) = framing(schema, message);
    let side = match message.from {
        None => "",
        Some(Side::Client) => " client",
        Some(Side::Server) => " server",
    };
    let mut text = format!("<section id=\"{}\"><h2>{}</h2>\n", anchor(&layout.name), escaped(&layout.name));
    let _ = writeln!(
        text,
        "<div class=\"badges\"><span class=\"badge{side}\">from {}</span><span class=\"badge class\">{}</span><span class=\"badge\">{}</span></div>",
        sender(message.from),
        escaped(&class),
        escaped(&span(layout.size))
    );
    text.push_str(&paragraphs(&layout.docs, ""));
    let _ = writeln!(text, "<p class=\"dim\">How its end is found: {}.</p>", with_code(&why));
    for rule in message.recover.iter().filter(|rule| rule.action != Action::Close) {
        let _ = writeln!(text, "<p class=\"dim\">{}.</p>", with_code(&onward(rule)));
    }
    text.push_str(&layout_tables(schema, layout));
    text.push_str(&examples::of_message(schema, index));
    text + "</section>\n"
}

fn struct_section(schema: &Schema, layout: &Layout) -> String {
    let what = if layout.choice.is_some() { "union" } else { "struct" };
    let mut text = format!(
        "<section id=\"{}\"><h2><span class=\"dim\">{what}</span> {}</h2>\n<div class=\"badges\"><span class=\"badge\">{}</span></div>\n",
        anchor(&layout.name),
        escaped(&layout.name),
        escaped(&span(layout.size))
    );
    text.push_str(&paragraphs(&layout.docs, ""));
    if layout.choice.is_some() {
        text.push_str("<p class=\"dim\">One of these, each in a row of its own.</p>\n");
    }
    text.push_str(&layout_tables(schema, layout));
    text + "</section>\n"
}

/// The drawing and the table of a layout.
fn layout_tables(schema: &Schema, layout: &Layout) -> String {
    if layout.fields.is_empty() {
        return "<p>It has no fields.</p>\n".to_owned();
    }
    let mut text = format!("<figure class=\"wide drawing\">{}</figure>\n", wire::draw(schema, layout));
    text.push_str(
        "<div class=\"wide\"><table><tr><th>byte</th><th>field</th><th>bytes</th><th>type</th><th>set by</th></tr>\n",
    );
    for (field, [place, name, size, ty, who]) in layout.fields.iter().zip(field_rows(schema, layout)) {
        let ty = match target(schema, &field.ty) {
            Some(target) => format!("<a href=\"#{}\">{}</a>", anchor(target), escaped(&ty)),
            None => escaped(&ty),
        };
        let docs = if field.docs.is_empty() {
            String::new()
        } else {
            format!("<div class=\"docs\">{}</div>", with_code(&field.docs.join(" ")))
        };
        let _ = writeln!(
            text,
            "<tr><td class=\"number\">{}</td><td class=\"name\">{}</td><td class=\"number\">{}</td><td class=\"type\">{ty}{docs}</td><td>{}</td></tr>",
            escaped(&place),
            escaped(&name),
            escaped(&size),
            escaped(&who)
        );
    }
    text + "</table></div>\n"
}

/// The declaration that a type names, if it names one.
fn target<'s>(schema: &'s Schema, ty: &Type) -> Option<&'s str> {
    match ty {
        Type::Struct(index) => Some(&schema.structs[*index].name),
        Type::Enum(index) => Some(&schema.enums[*index].name),
        Type::List { element, .. } => target(schema, element),
        Type::Bytes(Bytes { content: Content::Word(index), .. }) => Some(&schema.words[*index].name),
        Type::Bytes(Bytes { content: Content::JsonBody(index), .. }) => Some(&schema.json_bodies[*index].name),
        Type::Int(crate::ir::Int::Escaping(how), _) => {
            Some(schema.ints.iter().find(|int| int.name == how.name)?.name.as_str())
        }
        _ => None,
    }
}

/// Enums, words, integers and JSON bodies.
fn declared(schema: &Schema) -> String {
    let docs = |name: &str| -> &[String] {
        let enums = schema.enums.iter().map(|one| (&one.name, &one.docs));
        let words = schema.words.iter().map(|one| (&one.name, &one.docs));
        let ints = schema.ints.iter().map(|one| (&one.name, &one.docs));
        let bodies = schema.json_bodies.iter().map(|one| (&one.name, &one.docs));
        let mut all = enums.chain(words).chain(ints).chain(bodies);
        all.find(|(known, _)| *known == name).map_or(&[], |(_, docs)| docs)
    };
    let mut text = String::new();
    for (title, rows) in declarations(schema) {
        let (word, rest) = title.split_once(' ').unwrap_or(("", &title));
        let name = rest.split([':', ' ']).next().unwrap_or_default();
        let _ = writeln!(
            text,
            "<section id=\"{}\"><h2><span class=\"dim\">{}</span> {}</h2>\n{}<div class=\"wide\"><table>",
            anchor(name),
            escaped(word),
            escaped(rest),
            paragraphs(docs(name), "")
        );
        for row in rows {
            let note = variant_docs(schema, name, &row[1])
                .map(|docs| format!("<div class=\"docs\">{docs}</div>"))
                .unwrap_or_default();
            let _ = writeln!(
                text,
                "<tr><td class=\"name\">{}</td><td>{}{note}</td></tr>",
                escaped(&row[0]),
                escaped(&row[1])
            );
        }
        text.push_str("</table></div></section>\n");
    }
    text
}

/// What is said of a variant or a word.
fn variant_docs(schema: &Schema, name: &str, variant: &str) -> Option<String> {
    let of_enum = schema.enums.iter().filter(|one| one.name == name).flat_map(|one| &one.variants);
    let of_words = schema.words.iter().filter(|one| one.name == name).flat_map(|one| &one.words);
    let mut all = of_enum.map(|one| (&one.name, &one.docs)).chain(of_words.map(|one| (&one.name, &one.docs)));
    let (_, docs) = all.find(|(known, docs)| *known == variant && !docs.is_empty())?;
    Some(with_code(&docs.join(" ")))
}

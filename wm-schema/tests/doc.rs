//! `wm-schema doc`: the page of every schema is well-formed and complete, and its links lead somewhere.
#![cfg(all(feature = "dsl", feature = "interp"))]

mod schemas;

use std::collections::BTreeSet;
use wm_schema::doc;

/// Goes through the tags of a page, and says what is wrong with them.
fn check(page: &str) -> Result<Vec<String>, String> {
    let (mut open, mut texts) = (Vec::new(), vec![String::new()]);
    let body = page.split_once("</style>").ok_or("no style")?.1;
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').ok_or_else(|| format!("an open tag: {piece:.40}"))?;
        if let Some(name) = tag.strip_prefix('/') {
            let opened = open.pop();
            if opened != Some(name) {
                return Err(format!("</{name}> closes {opened:?}"));
            }
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or_default());
        }
        let quotes = tag.matches('"').count();
        if quotes % 2 == 1 {
            return Err(format!("an open quote: {tag}"));
        }
        for entity in text.split('&').skip(1) {
            if !["amp;", "lt;", "gt;", "quot;"].iter().any(|known| entity.starts_with(known)) {
                return Err(format!("a bare &: {entity:.20}"));
            }
        }
        texts.push(text.trim().to_owned());
    }
    // The head was not looked at.
    match open.as_slice() {
        [] => Ok(texts),
        left => Err(format!("left open: {left:?}")),
    }
}

fn attributes<'p>(page: &'p str, name: &str) -> Vec<&'p str> {
    let pieces = page.split(name).skip(1);
    pieces.filter_map(|piece| piece.strip_prefix("=\"")?.split('"').next()).collect()
}

#[test]
fn every_page_is_whole() {
    for (path, schema) in schemas::all() {
        let page = doc::page(&schema);
        let name = path.display();
        // The last two close what stands in front of the style.
        let body = page.replace("</body>\n</html>\n", "");
        let texts = check(&body.replacen("</head>", "", 1).replacen("<body>", "", 1));
        let texts = texts.unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        let has = |text: &str| {
            let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
            texts.contains(&escaped)
        };
        let layouts = schema.messages.iter().map(|message| &message.layout).chain(&schema.structs);
        for layout in layouts {
            assert!(has(&layout.name), "{name}: no {}", layout.name);
            layout
                .fields
                .iter()
                .for_each(|field| assert!(has(&field.name), "{name}: no {}.{}", layout.name, field.name));
        }
        for variant in schema.enums.iter().flat_map(|one| &one.variants) {
            assert!(has(&variant.name), "{name}: no {}", variant.name);
        }
        for state in schema.session.iter().flat_map(|session| &session.states) {
            assert!(has(&state.name), "{name}: no state {}", state.name);
        }
        for test in &schema.tests {
            let shown = test.cases.iter().any(|case| case.message.is_some());
            assert!(!shown || has(&test.name), "{name}: no test {}", test.name);
        }
        let ids = attributes(&page, " id");
        let places: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(places.len(), ids.len(), "{name}: two places of one name in {ids:?}");
        for link in attributes(&page, " href") {
            let place = link.strip_prefix('#').unwrap_or_else(|| panic!("{name}: {link} leads out of the page"));
            assert!(places.contains(place), "{name}: {link} leads nowhere");
        }
        assert!(
            !page.contains("<script") && !page.contains(" src=") && !page.contains("@import"),
            "{name}: it needs more"
        );
        let drawings = page.matches("<svg ").count();
        assert!(
            drawings >= schema.messages.iter().filter(|message| !message.layout.fields.is_empty()).count(),
            "{name}"
        );
    }
}

#[test]
fn what_is_not_well_formed_is_found() {
    for bad in ["<p><b></p></b>", "<p>a & b</p>", "<p", "<p class=\"a></p>", "<p>"] {
        assert!(check(&format!("</style>{bad}")).is_err(), "{bad}");
    }
}

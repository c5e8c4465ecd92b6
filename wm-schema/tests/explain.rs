//! The page that explains each schema of `tests/schemas`, and one that shows what these do not.
#![cfg(feature = "dsl")]

fn explain(source: &str) -> String {
    let draft = wm_schema::dsl::parse(source).unwrap_or_else(|mistakes| panic!("{source}\n{mistakes:#?}"));
    let resolved = wm_schema::resolve::resolve(&draft);
    let schema = resolved.schema.unwrap_or_else(|| panic!("{source}\n{:#?}", resolved.diagnostics));
    wm_schema::explain::explain(&schema)
}

macro_rules! pages {
    ($($name:ident)*) => { $(
        #[test]
        fn $name() {
            let source = include_str!(concat!("../../tests/schemas/", stringify!($name), ".wm"));
            let page = explain(source);
            insta::assert_snapshot!(stringify!($name), page);
        }
    )* };
}

pages! { braces cache cobs lines sections slip text frame jsonl len_json netstring xml10 binary_transfer text_transfer upload talk door bidding }

#[test]
fn a_little_of_everything() {
    let source = r#"
            /// Readings of a sensor.
            protocol sensor v2 port 9300
            endian little
            const MAGIC = "SN"

            enum Kind: u8 { Hello = 1, Data = 2, Vendor = 0xE0..=0xFF, _ }

            /// A place on a map.
            struct Point { x: i24  y: i24be }

            /// All that was read.
            message Report {
                MAGIC
                version: u8 = 2
                kind: Kind
                length: u16 = size(rest) + 1
                from: Point
                id: bytes[16]
                _: u16 = 0
                count: u8 = count(points)
                points: Point[count]
                level: f32
                name: str until "\0" max 32
                note: ascii[..]
                sum: u32 in 1..=1000
            }
            "#;
    let page = explain(source);
    insta::assert_snapshot!("everything", page);
}

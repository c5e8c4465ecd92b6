use wm_derive::Protocol;

#[derive(Protocol)]
struct Line<'a> {
    text: &'a str,
}

fn main() {}

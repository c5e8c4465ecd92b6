use wm_derive::Protocol;

#[derive(Protocol)]
struct Line<'a>(&'a str);

fn main() {}

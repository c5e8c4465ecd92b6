use wm_derive::Protocol;

#[derive(Protocol)]
struct Line<'a> {
    #[wm(untill = "\n")]
    text: &'a str,
}

fn main() {}

use wm_derive::Protocol;

#[derive(Protocol)]
struct Line<'a> {
    #[wm(until = "\n", prefix = "u8")]
    text: &'a str,
}

fn main() {}

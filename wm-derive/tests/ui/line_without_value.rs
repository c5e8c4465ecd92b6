use wm_derive::Protocol;

#[derive(Protocol)]
#[wm(line = "kind: u8")]
struct Point {
    x: u16,
}

fn main() {}

use wm_derive::Protocol;

#[derive(Protocol)]
struct Point {
    #[wm(as = "u24")]
    x: u16,
    #[wm(as = "dec[3]")]
    y: u8,
}

fn main() {}

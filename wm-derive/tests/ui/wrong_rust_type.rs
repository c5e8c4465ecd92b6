use wm_derive::Protocol;

#[derive(Protocol)]
struct Point {
    #[wm(as = "u24")]
    x: u16,
    y: std::time::Duration,
}

fn main() {}

use wm_derive::Protocol;

#[derive(Protocol)]
struct Line<T> {
    text: T,
}

fn main() {}

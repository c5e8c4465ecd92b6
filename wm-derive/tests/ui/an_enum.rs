use wm_derive::Protocol;

#[derive(Protocol)]
enum Message {
    Hello,
}

fn main() {}

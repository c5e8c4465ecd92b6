use wm_derive::protocol;

#[protocol(schema = "const MAX = 5")]
mod calls {
    #[wm(magic = "CALL")]
    pub struct Call {
        number: u8,
    }
}

fn main() {}

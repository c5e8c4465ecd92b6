use wm_derive::protocol;

#[protocol(schema = "test \"a call\" { \"\\x01\" == Call { number: 1 } }")]
mod calls {
    #[derive(Protocol)]
    pub struct Call {
        number: u8,
    }
}

fn main() {}

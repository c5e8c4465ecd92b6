//! A SOCKS5 proxy (RFC 1928) with the password of RFC 1929: a protocol with states, each of them a type.
//!
//! You learn: a typed handler of a session, where a reply that is not legal in a state does not compile, and an answer that
//! comes when a tunnel has been laid.
//!
//! ```text
//! cargo run --bin socks5 -- --guest tom:secret
//! curl --socks5-hostname tom:secret@127.0.0.1:1080 http://example.org/
//! ```
//!
//! You see: the page. Without `--guest` everybody may come through.

use clap::Parser;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use wm_core::{ConnectFault, Connection, ConnectionError, Control, Dial, Handler, Target, Worker};
use wm_examples::proto::socks5::{
    Address, AddressV4, AddressV6, ClientMessage, Code, Command, Hello, Login, Method, Pick, Reply, Request, Server,
    Verdict, server,
};

type Client<'c, 'w> = &'c mut Connection<'w, Server, ()>;

/// A SOCKS5 proxy.
#[derive(Parser)]
struct Arguments {
    /// Who may come through; without it, everybody
    #[arg(long, global = true, value_name = "NAME:PASSWORD")]
    guest: Option<String>,
    #[command(flatten)]
    control: Control,
}

struct Proxy {
    /// `name:password`; none if everybody may come.
    guest: Option<String>,
}

impl server::Handler<Client<'_, '_>> for Proxy {
    fn greet_hello(&mut self, hello: Hello<'_>, choose: server::Choose<Client<'_, '_>>) {
        let wanted = if self.guest.is_some() { Method::Password } else { Method::None };
        let method = if hello.methods.iter().any(|method| method == wanted) { wanted } else { Method::Refused };
        choose.pick(Pick { method });
    }

    fn auth_login(&mut self, login: Login<'_>, check: server::Check<Client<'_, '_>>) {
        let welcome = self.guest.as_deref().and_then(|guest| guest.split_once(':')) == Some((login.user, login.pass));
        check.verdict(Verdict { status: u8::from(!welcome) });
    }

    fn ready_request(&mut self, request: Request<'_>, mut dial: server::Dial<Client<'_, '_>>) {
        let target = target(&request.addr, request.port).filter(|_| request.cmd == Command::Connect);
        // The answer comes when the other end is there, or cannot be reached; what the client says early waits for it.
        if target.is_none_or(|target| dial.channel().tunnel(Dial::to(target)).is_err()) {
            dial.reply(answer(Code::Failed));
        }
    }

    fn tunnel_raw(&mut self, _: &[u8], _: server::Tunnel<Client<'_, '_>>) {
        // It goes past the protocol.
    }
}

impl Handler for Proxy {
    type Protocol = Server;
    type Session = ();

    fn on_message(&mut self, client: &mut Connection<'_, Server, ()>, message: ClientMessage<'_>) {
        server::Handler::hear(self, client, message);
    }

    fn on_tunnel(&mut self, client: &mut Connection<'_, Server, ()>) {
        reply(client, Code::Ok);
    }

    fn on_error(&mut self, client: &mut Connection<'_, Server, ()>, error: &ConnectionError) {
        match error {
            ConnectionError::Connect(error) => reply(client, code(&error.fault)),
            _ => client.log_error(error),
        }
    }
}

fn main() -> ExitCode {
    let Arguments { guest, control } = Arguments::parse();
    let proxy = Worker::serve("tcp://127.0.0.1:1080", Proxy { guest }).name("socks5");
    wm_core::Server::new().worker(proxy).command(&control)
}

/// Says what became of the dial, if it is still waited for.
fn reply(client: &mut Connection<'_, Server, ()>, code: Code) {
    if let Ok(dial) = server::Dial::of(client) {
        dial.reply(answer(code));
    }
}

fn answer(code: Code) -> Reply<'static> {
    Reply { code, addr: Address::V4(AddressV4 { ip: &[0; 4] }), port: 0 }
}

fn target(address: &Address<'_>, port: u16) -> Option<Target> {
    Some(match address {
        Address::V4(AddressV4 { ip }) => {
            Target::from(SocketAddr::new(Ipv4Addr::from(<[u8; 4]>::try_from(*ip).ok()?).into(), port))
        }
        Address::V6(AddressV6 { ip }) => {
            Target::from(SocketAddr::new(Ipv6Addr::from(<[u8; 16]>::try_from(*ip).ok()?).into(), port))
        }
        Address::Name(name) => Target::Named { host: name.host.into(), port },
    })
}

fn code(fault: &ConnectFault) -> Code {
    match fault {
        ConnectFault::Refused => Code::Refused,
        ConnectFault::Unreachable(_) => Code::NetDown,
        ConnectFault::Unresolved(_) | ConnectFault::NoAddress | ConnectFault::TimedOut { .. } => Code::NoHost,
        _ => Code::Failed,
    }
}

//! The proxies, with the servers and clients that they are for.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use nix::sys::signal::Signal;
use std::{
    fs,
    io::{BufRead, BufReader},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};
use support::{PATIENCE, Server, folder, have, run};

/// A foreign server, ended when it is dropped.
struct Foreign {
    child: Child,
}

impl Foreign {
    fn start(command: &mut Command) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Self { child: child.unwrap_or_else(|error| panic!("{command:?}: {error}")) }
    }

    /// Waits until something is true, while the server lives.
    fn wait_until(&mut self, what: &str, mut is_so: impl FnMut() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the server has ended with {status}, before {what}");
            }
            assert!(Instant::now() < deadline, "no {what} in {PATIENCE:?}");
            thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A port that is free a moment later too, most likely.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn is_listening(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

fn picture(folder: &Path) -> Vec<u8> {
    let bytes: Vec<u8> = (0..3_000_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(folder.join("picture.png"), &bytes).unwrap();
    bytes
}

/// Fetches a file through the proxy, and checks what is said when its server is gone.
fn fetch_through_proxy(mut server: Foreign, port: u16, expected: &[u8]) {
    server.wait_until("port", || is_listening(port));
    let address = format!("tcp://127.0.0.1:{port}");
    let mut proxy = Server::start(env!("CARGO_BIN_EXE_tcp_proxy"), "tcp://127.0.0.1:0", &["--server", &address]);
    let url = format!("http://{}/picture.png", proxy.address);
    let fetched = run("curl", &["-sS", "--max-time", "20", &url, &url]);
    assert_eq!(String::from_utf8_lossy(&fetched.stderr), "");
    assert!(fetched.stdout == [expected, expected].concat(), "{} bytes", fetched.stdout.len());
    drop(server);
    let gone = run("curl", &["-sS", "--max-time", "20", &url]);
    assert!(!gone.status.success());
    proxy.err.wait_for(&format!("cannot connect to 127.0.0.1:{port}: nobody listens there"));
    assert_eq!(proxy.stop(Signal::SIGTERM), Some(0));
}

#[test]
fn tcp_proxy_before_the_server_of_python() {
    if !(have("python3") && have("curl")) {
        return;
    }
    let (folder, port) = (folder("proxy_python"), free_port());
    let expected = picture(&folder);
    let mut command = Command::new("python3");
    let server =
        command.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string(), "--directory"]).arg(&folder);
    fetch_through_proxy(Foreign::start(server), port, &expected);
}

#[test]
fn tcp_proxy_before_nginx() {
    if !(have("nginx") && have("curl")) {
        return;
    }
    let (folder, port) = (folder("proxy_nginx"), free_port());
    let expected = picture(&folder);
    let root = folder.display();
    let settings = format!(
        "daemon off; worker_processes 1; pid {root}/pid; error_log {root}/error.log; events {{}}\n\
         http {{ access_log off; client_body_temp_path {root}/b; proxy_temp_path {root}/p; fastcgi_temp_path {root}/f;\n\
         uwsgi_temp_path {root}/u; scgi_temp_path {root}/s; server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n\
         {}",
        if nix::unistd::geteuid().is_root() { "user root;" } else { "" },
    );
    fs::write(folder.join("nginx.conf"), settings).unwrap();
    let mut command = Command::new("nginx");
    // Without a master, so that what is ended is all there is.
    let server = command.args(["-g", "master_process off;", "-c"]).arg(folder.join("nginx.conf"));
    fetch_through_proxy(Foreign::start(server), port, &expected);
}

#[test]
fn mysql_proxy_before_mariadb() {
    if !(have("mariadbd") && have("mariadb-install-db") && have("mariadb")) {
        return;
    }
    let (folder, port) = (folder("proxy_mariadb"), free_port());
    let data = folder.join("data");
    let (data_dir, user) = (format!("--datadir={}", data.display()), "--user=root");
    let installed =
        run("mariadb-install-db", &["--no-defaults", &data_dir, user, "--auth-root-authentication-method=normal"]);
    assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
    let socket = folder.join("server.sock");
    let mut command = Command::new("mariadbd");
    command.args([
        "--no-defaults",
        &data_dir,
        user,
        "--bind-address=127.0.0.1",
        "--skip-grant-tables",
        "--skip-name-resolve",
    ]);
    command.arg(format!("--port={port}")).arg(format!("--socket={}", socket.display()));
    command.arg("--skip-networking=0").arg(format!("--pid-file={}", folder.join("pid").display()));
    let mut server = Foreign::start(&mut command);
    server.wait_until("port", || is_listening(port));

    // One proxy through TCP, one through the server's Unix socket.
    for to in [format!("tcp://127.0.0.1:{port}"), format!("unix://{}", socket.display())] {
        let mut proxy = Server::start(env!("CARGO_BIN_EXE_mysql_proxy"), "tcp://127.0.0.1:0", &["--server", &to]);
        let port = proxy.port();
        let ask = |query: &str| {
            let arguments = ["--no-defaults", "--skip-ssl", "--host=127.0.0.1", "--port", &port, "--user=root"];
            run("mariadb", &[&arguments[..], &["--batch", "--skip-column-names", "--execute", query]].concat())
        };
        // A megabyte and a half, and one in the other direction.
        let long = ask("SELECT REPEAT('wm', 800000)");
        assert_eq!((long.stdout.len(), String::from_utf8_lossy(&long.stderr).as_ref()), (1_600_001, ""));
        let asked = ask(&format!("SELECT LENGTH('{}')", "x".repeat(100_000)));
        let (answer, trouble) = (String::from_utf8_lossy(&asked.stdout), String::from_utf8_lossy(&asked.stderr));
        assert_eq!((answer.as_ref(), trouble.as_ref()), ("100000\n", ""));
        proxy.err.wait_for("bytes asked, ");
        assert_eq!(proxy.stop(Signal::SIGTERM), Some(0));
    }

    drop(server);
    let to = format!("tcp://127.0.0.1:{port}");
    let proxy = Server::start(env!("CARGO_BIN_EXE_mysql_proxy"), "tcp://127.0.0.1:0", &["--server", &to]);
    let refused = run(
        "mariadb",
        &[
            "--no-defaults",
            "--skip-ssl",
            "--host=127.0.0.1",
            "--port",
            &proxy.port(),
            "--user=root",
            "--execute",
            "SELECT 1",
        ],
    );
    let said = BufReader::new(&*refused.stderr).lines().map_while(Result::ok).collect::<Vec<_>>().join("\n");
    let expected = format!("cannot connect to 127.0.0.1:{port}: nobody listens there");
    assert!(said.contains("ERROR 1429") && said.contains(&expected), "{said}");
}

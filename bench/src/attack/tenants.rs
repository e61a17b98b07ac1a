//! Who shares the server: good tenants, whose answers are checked to the byte, and
//! others, whose plugins are the guests of the tests.

use super::client::{Answer, Connection, Target};
use super::threads;
use crate::bodies::{Body, Size};
use crate::retort::{self, Config, Logs, PLUGIN, SECRET};
use crate::server::Server;
use crate::{Result, places};
use bytes::Bytes;
use hyper::Method;
use std::fmt::Write;
use std::net::SocketAddr;

/// A configuration, its server's name, and what is common to all requests.
pub(crate) struct House {
    pub(crate) config: Config,
    name: &'static str,
    token: String,
}

impl House {
    /// Nobody lives there yet.
    pub(crate) fn new(name: &'static str) -> Result<Self> {
        let mut config = Config::with_defaults();
        config.plugin(PLUGIN, &places::plugin(PLUGIN)?);
        Ok(Self {
            config,
            name,
            token: retort::token()?,
        })
    }

    /// A tenant with an assistant of the same name, whose stages leave its name in each
    /// text. A stage that is skipped would look like a good answer, so none is.
    pub(crate) fn good(&mut self, name: &str, stages: usize) {
        let stage = format!(
            "{{ plugin = \"{PLUGIN}\", settings = {{ suffix = \"{}.\" }} }}",
            mark(name)
        );
        let pipeline = vec![stage; stages].join(", ");
        self.tenant(name, &pipeline);
    }

    /// A tenant whose assistant of the same name runs a guest of the tests.
    pub(crate) fn hostile(&mut self, name: &str, guest: &str, settings: &str) -> Result {
        self.config.plugin(name, &places::test_guest(guest)?);
        let pipeline = format!("{{ plugin = \"{name}\", settings = {settings} }}");
        self.tenant(name, &pipeline);
        Ok(())
    }

    fn tenant(&mut self, name: &str, pipeline: &str) {
        self.config.add(&format!("[tenants.{name}]\n"));
        self.config.add(&assistant(name, name, pipeline));
    }

    /// Serves them all. The log is what it is by default, and nobody reads it.
    pub(crate) fn serve(&self) -> Result<Server> {
        self.config.serve(self.name, Logs::Default)
    }

    /// Writes the configuration anew, for a server that reads it again.
    pub(crate) fn write(&self) -> Result<std::path::PathBuf> {
        self.config.write(self.name)
    }

    /// What an assistant of the house is asked, without a look at its answer.
    pub(crate) fn target(&self, server: &Server, name: &str, size: Size) -> Result<Target> {
        Ok(Target {
            address: address(server)?,
            method: Method::POST,
            path: retort::webhook(name),
            token: self.token.clone(),
            body: Body::write(size)?.text.into(),
            expected: None,
        })
    }

    /// The question that costs the server least: whether it is there.
    pub(crate) fn health(&self, server: &Server) -> Result<Target> {
        Ok(Target {
            address: address(server)?,
            method: Method::GET,
            path: "/healthz".to_owned(),
            token: self.token.clone(),
            body: Bytes::new(),
            expected: None,
        })
    }

    /// What a good assistant is asked, and what it has to answer from now on: it is
    /// asked once, and its own mark has to be where it should, and nobody else's.
    pub(crate) fn good_target(
        &self,
        server: &Server,
        name: &str,
        stages: usize,
        size: Size,
    ) -> Result<Target> {
        let mut target = self.target(server, name, size)?;
        let text = ask_once(&target)?;
        let count = |words: &str| text.matches(words).count();
        let due = stages * size.texts();
        if count(&mark(name)) != due || count(MARK) != due {
            return Err(format!(
                "the answer of {name} does not have its mark in {due} places:\n{text}"
            ));
        }
        target.expected = Some(text.into());
        Ok(target)
    }
}

/// An assistant as the configuration has it; a fault is an error, so that it is seen.
pub(crate) fn assistant(name: &str, tenant: &str, pipeline: &str) -> String {
    let mut text = String::new();
    // Writing to a String does not fail.
    let _ = writeln!(
        text,
        "[assistants.{name}]\ntenant = \"{tenant}\"\non_fault = \"fail\"\n\
         auth = {{ kind = \"jwt\", secrets = [\"env:{}\"] }}\npipeline = [{pipeline}]",
        SECRET.0
    );
    text
}

/// What every good assistant's mark begins with.
const MARK: &str = ", y'all of ";

/// What an assistant leaves in each text, but for the full stop.
pub(crate) fn mark(name: &str) -> String {
    format!("{MARK}{name}")
}

/// Where a server listens.
pub(crate) fn address(server: &Server) -> Result<SocketAddr> {
    let address = server.address.trim_start_matches("http://");
    address
        .parse()
        .map_err(|error| format!("{address} is not an address: {error}"))
}

/// The text of an answer, which has to be good.
fn ask_once(target: &Target) -> Result<String> {
    let asked = target.clone();
    let runner = threads::start("first", 0, async move || {
        let mut connection = Connection::open(asked.address).await?;
        connection.fetch(&asked).await
    })?;
    let path = &target.path;
    let (answer, text) = runner
        .finish()?
        .ok_or_else(|| format!("{path} does not answer"))?;
    let text = String::from_utf8_lossy(&text).into_owned();
    match answer {
        Answer::Status(200) => Ok(text),
        other => Err(format!("{path} answers with {other:?}: {text}")),
    }
}

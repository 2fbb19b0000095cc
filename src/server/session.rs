//! What all handlers share: one client's connection. Invariant: documents change on the ordered loop alone; everything else
//! reads. Must not know frames.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, RwLock};

use tower_lsp::Client;

use super::LogLevel;
use super::capabilities::ClientFacts;
use super::documents::Documents;
use super::in_flight::InFlight;
use super::outbox::Outbox;
use super::pool::Pool;
use super::watch::Watch;
use crate::base::settings::Settings;

/// One client, from `initialize` to `exit`.
pub struct Session {
    pub(crate) client: Client,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) documents: Documents,
    /// What is in force now: the user's, then the client's.
    pub(crate) settings: RwLock<Settings>,
    pub(crate) log_level: LogLevel,
    pub(crate) watch: Arc<Watch>,
    /// What the client can do; set by `initialize`.
    facts: OnceLock<ClientFacts>,
    shut_down: AtomicBool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("facts", &self.facts).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(client: Client, wires: Wires) -> Self {
        let Wires { outbox, in_flight, pool, watch, settings, log_level } = wires;
        Self {
            client,
            outbox,
            in_flight,
            pool,
            watch,
            documents: Documents::default(),
            settings: RwLock::new(settings),
            log_level,
            facts: OnceLock::new(),
            shut_down: AtomicBool::new(false),
        }
    }

    /// What the client can do (nothing, before `initialize`).
    pub(crate) fn facts(&self) -> &ClientFacts {
        static NOTHING: OnceLock<ClientFacts> = OnceLock::new();
        self.facts.get().unwrap_or_else(|| NOTHING.get_or_init(ClientFacts::default))
    }

    pub(crate) fn learn(&self, facts: ClientFacts) {
        // A second `initialize` is refused before it comes here.
        let _ = self.facts.set(facts);
    }
}

impl Session {
    /// The settings in force now.
    pub(crate) fn settings(&self) -> Settings {
        self.settings.read().map(|it| it.clone()).unwrap_or_default()
    }

    /// The client sent `shutdown`.
    pub(crate) fn shut_down(&self) {
        self.shut_down.store(true, Ordering::Release);
    }

    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Acquire)
    }
}

/// The parts of the transport that handlers reach.
#[derive(Debug)]
pub(crate) struct Wires {
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) in_flight: Arc<InFlight>,
    pub(crate) pool: Arc<Pool>,
    pub(crate) watch: Arc<Watch>,
    pub(crate) settings: Settings,
    pub(crate) log_level: LogLevel,
}

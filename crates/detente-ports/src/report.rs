//! What use cases tell their caller: plain data for people and programs alike.

mod context;
mod found;
mod stix;
mod warned;

use serde::{Deserialize, Serialize};

pub use context::ContextReport;
pub use found::FoundReport;
pub use stix::{StixRemark, StixReport};
pub use warned::{WarnCount, WarnHit};

/// A party as others see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartyReport {
    /// Its name.
    pub name: String,
    /// Its id and fingerprint, hex.
    pub id: String,
    /// The fingerprint in words.
    pub words: String,
    /// Where its node listens.
    pub address: Option<String>,
    /// Roles with the acts they may perform.
    pub roles: Vec<RoleReport>,
    /// Pieces of evidence kept against it.
    pub evidence: u64,
}

/// A role and its powers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleReport {
    /// The office.
    pub role: String,
    /// Its acts.
    pub may: Vec<String>,
}

/// A party's keys in an accord.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RosterReport {
    /// The accord, by slug.
    pub accord: String,
    /// The party's name.
    pub party: String,
    /// Whether it is the own party.
    pub own: bool,
    /// When its newest card on record was made.
    pub card: String,
    /// Its keys in the order in which they came, ended ones too.
    pub keys: Vec<KeyReport>,
}

/// A key on a roster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyReport {
    /// Its id.
    pub key: String,
    /// Its office.
    pub role: String,
    /// What it signs with.
    pub suite: String,
    /// Whether it may act now.
    pub good: bool,
    /// Why not.
    pub ended: Option<String>,
    /// The key that it follows.
    pub follows: Option<String>,
    /// The key whose powers it uses.
    pub lent_by: Option<String>,
    /// Who holds it, if its powers are lent.
    pub lent_to: Option<String>,
    /// Until when they are lent.
    pub until: Option<String>,
    /// Its powers.
    pub may: Vec<String>,
    /// Whether this home has it.
    pub here: bool,
}

/// Where an accord stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusReport {
    /// Its slug.
    pub accord: String,
    /// Its id.
    pub id: String,
    /// In one sentence.
    pub standing: String,
    /// Whether it binds now.
    pub in_force: bool,
    /// The text that governs, by digest.
    pub text: Option<String>,
    /// Title of that text, or of the newest proposal.
    pub title: Option<String>,
    /// When it ends by itself.
    pub expires: Option<String>,
    /// A stop that holds.
    pub stopped: Option<String>,
    /// A notice of leaving that runs.
    pub notice: Option<String>,
    /// The duty that comes due next.
    #[serde(default)]
    pub next_due: Option<String>,
    /// Duties that are late, in breach or disputed.
    #[serde(default)]
    pub troubled: u64,
    /// Every text and where each party stands on it.
    pub texts: Vec<TextReport>,
    /// What may be used of each clause, for this party.
    pub clauses: Vec<ClauseReport>,
    /// Requests for an originator's consent that wait, or whose consent stands.
    #[serde(default)]
    pub consents: Vec<ConsentReport>,
    /// The logs.
    pub logs: Vec<LogReport>,
    /// Acts that wait for entries that are not here yet.
    pub waiting: u64,
    /// Retractions that somebody must still answer or pass on, in words.
    #[serde(default)]
    pub retractions: Vec<String>,
    /// Alerts that this party's auditor has not acknowledged, in words.
    #[serde(default)]
    pub alerts: Vec<String>,
    /// Whether the other parties could be asked just now; without it, this is what is here.
    #[serde(default)]
    pub asked: Vec<DeliveryReport>,
}

/// A text and the positions on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TextReport {
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its title.
    pub title: String,
    /// Who proposed it.
    pub proposer: String,
    /// When.
    pub proposed: String,
    /// Party and position, in words.
    pub positions: Vec<(String, String)>,
}

/// A clause of the text in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClauseReport {
    /// Its number.
    pub id: String,
    /// permit, forbid, match, oblige or prose.
    pub rule: String,
    /// Its prose in the first language.
    pub prose: String,
    /// What is used of its cap or budget by each party, in words.
    pub used: Vec<(String, String)>,
}

/// A log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogReport {
    /// Whose.
    pub party: String,
    /// Entries held here.
    pub entries: u64,
    /// Its root, hex.
    pub root: String,
    /// Who cosigned the newest checkpoint.
    pub cosigned_by: Vec<String>,
}

/// One line of the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventReport {
    /// The author's clock.
    pub time: String,
    /// Who.
    pub party: String,
    /// By which role.
    pub role: Option<String>,
    /// What sort of act.
    pub kind: String,
    /// In words.
    pub summary: String,
    /// `in effect`, `reversal`, `unconfirmed` or `void`.
    pub effect: String,
    /// Why, or after how long.
    pub note: Option<String>,
    /// Place in the author's log.
    pub sequence: u64,
    /// The act, by digest.
    pub act: String,
    /// The act that stands in its place, if one does.
    pub superseded_by: Option<String>,
}

/// What an act did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActReport {
    /// The accord.
    pub accord: String,
    /// The act, by digest.
    pub act: String,
    /// In words.
    pub summary: String,
    /// Whether the other side has it and cosigned it; if not, why.
    pub delivered: Vec<DeliveryReport>,
}

/// How delivery to one party went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryReport {
    /// To whom.
    pub party: String,
    /// Held and cosigned there.
    pub cosigned: bool,
    /// If not, why; it will go at the next contact.
    pub reason: Option<String>,
}

/// What an import took and refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportReport {
    /// The file, or `-`.
    pub file: String,
    /// As what it was read.
    pub format: String,
    /// Bytes read.
    pub bytes: u64,
    /// Items met.
    pub seen: u64,
    /// Items taken.
    pub taken: u64,
    /// Observables that were not there before.
    pub new_observables: u64,
    /// Contexts that were not there before.
    pub new_contexts: u64,
    /// Items refused, by reason.
    pub refused: Vec<(String, u64)>,
    /// Items skipped, by reason.
    pub skipped: Vec<(String, u64)>,
    /// Items taken whose marking nobody here understands.
    pub closed: u64,
    /// Items taken for which more than one colour was named.
    #[serde(default)]
    pub conflicting: u64,
    /// Items whose context was too long and was cut.
    pub shortened: u64,
    /// Times and numbers that were not understood, by property or column: without effect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<(String, u64)>,
    /// What became of STIX objects as such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stix: Option<StixReport>,
    /// Warninglists on which items are that were taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warned: Vec<WarnCount>,
    /// The first refusals, or all if asked for.
    pub refusals: Vec<RefusalReport>,
    /// Why the rest could not be read.
    pub broken: Option<String>,
    /// That nothing of the file was taken or kept, and what it is that was met instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nothing: Option<String>,
    /// What to do about a file that broke off or of which nothing was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Why the file, or all of it that is not counted here, was not taken in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<ImportFailure>,
    /// Why the file was left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<String>,
}

/// Why a file was not taken in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportFailure {
    /// What is at fault.
    pub by: FailedBy,
    /// Stable code.
    pub code: String,
    /// Why.
    pub error: String,
    /// What to do.
    pub remedy: String,
}

/// What keeps a file from being taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailedBy {
    /// What it holds.
    Content,
    /// The disk or the system, for this file.
    File,
    /// The store: no other file fares better.
    Store,
}

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalReport {
    /// Where.
    pub place: String,
    /// How it begins.
    pub excerpt: String,
    /// Stable code.
    pub code: String,
    /// Why.
    pub reason: String,
}

/// How a matching run went.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchReport {
    /// The run.
    pub run: String,
    /// The accord.
    pub accord: String,
    /// The clause.
    pub clause: String,
    /// `which`, `payload` or `count`.
    pub mode: String,
    /// The other side.
    pub peer: String,
    /// Whether this node offered the run.
    pub initiator: bool,
    /// Real items this side entered.
    pub own_items: u32,
    /// What the other side saw of that: with padding.
    pub own_size: u32,
    /// What the other side entered, with padding.
    pub peer_size: u32,
    /// How many are common, if this side learnt it.
    pub common: Option<u64>,
    /// Which, if this side learnt it: kind and value.
    pub items: Vec<(String, String)>,
    /// The digest of the transcript that both sides recorded.
    pub transcript: String,
    /// Whether both sides recorded the same.
    pub agreed: bool,
    /// What the other side has learnt, in plain words.
    pub learnt: Vec<String>,
    /// What the run brought of contexts, if it was one that does.
    #[serde(default)]
    pub contexts: Option<ContextsReport>,
}

/// What a run brought of contexts, both ways.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextsReport {
    /// What left of this side's contexts of common items, and what stayed.
    pub given: ReleaseReport,
    /// Common items whose contexts one run has no room for; they can be released afterwards.
    pub passed_over: u64,
    /// What came, in the order of the common items.
    pub received: Vec<FoundContext>,
}

/// A context that came within a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundContext {
    /// Kind of the common item.
    pub kind: String,
    /// The common item.
    pub value: String,
    /// What the other side says of it.
    #[serde(flatten)]
    pub context: ReceivedReport,
}

/// What a run could bring the other side of this side's contexts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContextPreview {
    /// Room for the contexts of one item, in bytes.
    pub room: u32,
    /// Contexts that leave if their item is common and no cap is reached before.
    pub may_leave: u64,
    /// Contexts that stay even then.
    pub stay: u64,
    /// The first of these, with the reason.
    pub stays: Vec<ObjectReport>,
}

/// What a run would tell the other side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchPreview {
    /// The clause.
    pub clause: String,
    /// The other side.
    pub peer: String,
    /// `which`, `payload` or `count`.
    pub mode: String,
    /// The engine, with its version.
    pub engine: String,
    /// Indicators that this side would enter.
    pub entered: u32,
    /// Indicators of the clause's kinds that stay out: closed, red or forbidden.
    pub held_out: u64,
    /// What the other side would see: with padding.
    pub size: u32,
    /// What the other side would learn, in plain words.
    pub words: Vec<String>,
    /// What it could get of contexts, in a mode that brings them.
    #[serde(default)]
    pub contexts: Option<ContextPreview>,
}

/// A filter on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilterReport {
    /// The act that published it.
    pub act: String,
    /// When.
    pub published: String,
    /// Number of its key, from 1.
    pub epoch: u32,
    /// Values, padding included.
    pub items: u32,
    /// Its digest.
    pub digest: String,
}

/// What a holder published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishReport {
    /// The accord.
    pub accord: String,
    /// The clause.
    pub clause: String,
    /// Who may look up in it.
    pub to: String,
    /// Whether the filter on record is this one already, so that nothing was entered.
    pub unchanged: bool,
    /// Real values in it.
    pub listed: u64,
    /// How many of them were computed now.
    pub evaluated: u64,
    /// Indicators of the clause's kinds that stay out: closed, red or forbidden.
    pub held_out: u64,
    /// The filter on record now.
    pub filter: Option<FilterReport>,
    /// Bytes of the whole filter.
    pub bytes: u64,
    /// Bytes of the update from the one before, if it is kept.
    pub update_bytes: Option<u64>,
    /// To whom the act got.
    #[serde(default)]
    pub delivered: Vec<DeliveryReport>,
}

/// What an asker fetched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefreshReport {
    /// The accord.
    pub accord: String,
    /// The clause.
    pub clause: String,
    /// Who holds the list.
    pub from: String,
    /// The filter that is here now.
    pub filter: FilterReport,
    /// Bytes that came.
    pub bytes: u64,
    /// Updates applied.
    pub updates: u32,
    /// Whether the whole filter was fetched.
    pub whole: bool,
}

/// What a query found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupReport {
    /// The query.
    pub run: String,
    /// The accord.
    pub accord: String,
    /// The clause.
    pub clause: String,
    /// Whose list it is.
    pub holder: String,
    /// Values asked.
    pub asked: u32,
    /// What the holder saw of that: with padding.
    pub size: u32,
    /// What is on the list: kind and value.
    pub found: Vec<(String, String)>,
    /// What is not.
    pub absent: Vec<(String, String)>,
    /// What was not asked: kind, value, why.
    pub held_out: Vec<(String, String, String)>,
    /// The filter.
    pub filter: FilterReport,
    /// Bytes of filter and updates that were fetched first.
    pub fetched: u64,
    /// The digest of the transcript that both sides recorded.
    pub transcript: String,
    /// Whether both sides recorded the same.
    pub agreed: bool,
    /// What the holder has learnt, in plain words.
    pub learnt: Vec<String>,
}

/// What look-ups tell whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupPreview {
    /// The clause.
    pub clause: String,
    /// Whose list it is.
    pub holder: String,
    /// Who asks.
    pub asker: String,
    /// The engine, with its version.
    pub engine: String,
    /// The filter on record, if one is.
    pub filter: Option<FilterReport>,
    /// In plain words.
    pub words: Vec<String>,
}

/// A request for an originator's consent, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentReport {
    /// The accord in whose record it stands.
    pub accord: String,
    /// The request, by digest.
    pub ask: String,
    /// When it was made.
    pub asked: String,
    /// Who asks.
    pub by: String,
    /// Who is asked.
    pub originator: String,
    /// Whether that is this party.
    pub for_us: bool,
    /// To whom the objects would go on.
    pub to: String,
    /// Under which accord.
    pub under: String,
    /// Under which of its clauses.
    pub clause: String,
    /// For which purpose alone.
    pub purpose: Option<String>,
    /// What that clause takes out of them.
    pub taken_out: Vec<String>,
    /// Until when.
    pub expires: String,
    /// Why it is asked.
    pub reason: String,
    /// `open`, `given`, `refused`, `retracted`, `withdrawn` or `expired`.
    pub standing: String,
    /// The consent, by digest.
    pub consent: Option<String>,
    /// When it was answered.
    pub answered: Option<String>,
    /// The words of the answer.
    pub words: Option<String>,
    /// The objects.
    pub objects: Vec<ConsentObject>,
}

/// One object that is to go on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentObject {
    /// Its address as it came.
    pub came: String,
    /// Its address as it goes on.
    pub goes: String,
    /// Kind of the observable, if the object is here.
    pub kind: Option<String>,
    /// The observable, if the object is here.
    pub value: Option<String>,
}

/// What a release did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseReport {
    /// The accord.
    pub accord: String,
    /// The run on which it rests.
    pub run: Option<String>,
    /// Who receives.
    pub to: String,
    /// Whether anything left.
    pub dry_run: bool,
    /// Every object and the gate's verdict.
    pub objects: Vec<ObjectReport>,
    /// Objects that leave.
    pub allowed: u64,
    /// Objects that stay.
    pub denied: u64,
    /// Objects that the receiver has acknowledged before, so that they need not leave.
    #[serde(default)]
    pub there: u64,
    /// The release, by digest; the last, if it took several.
    pub act: Option<String>,
    /// Every release that was entered, by digest.
    #[serde(default)]
    pub acts: Vec<String>,
    /// When the other side acknowledged it; of several, the last, once all are.
    pub receipt: Option<String>,
    /// The originator's consent on which it rests.
    #[serde(default)]
    pub consent: Option<String>,
    /// Objects that are counted and not listed, being too many.
    #[serde(default)]
    pub unlisted: u64,
}

/// One object and the verdict on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectReport {
    /// Its address: SHA-256.
    pub address: String,
    /// Kind of the observable.
    pub kind: String,
    /// The observable.
    pub value: String,
    /// Its colour.
    pub tlp: String,
    /// Its source here.
    pub source: Option<String>,
    /// Whether it may leave.
    pub allowed: bool,
    /// Whether it is at the receiver already, and so does not leave once more.
    #[serde(default)]
    pub there: bool,
    /// The clause that decides.
    pub clause: Option<String>,
    /// Stable code of the verdict.
    pub code: String,
    /// Why.
    pub reason: String,
}

/// What is known of one observable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchReport {
    /// As it was asked for.
    pub query: String,
    /// Its kind.
    pub kind: String,
    /// Its normal form.
    pub value: String,
    /// What own sources say.
    pub own: Vec<ContextReport>,
    /// Whether the own ones enter no run, filter or release, because this side has them from what
    /// was taken back since.
    #[serde(default)]
    pub held_out: bool,
    /// What came from other parties, as far as it may still be kept.
    pub received: Vec<ReceivedReport>,
    /// Objects that came and may no longer be kept: they are not shown, and are to be erased.
    #[serde(default)]
    pub expired: u64,
    /// What receivers say came of what this party released about it.
    #[serde(default)]
    pub feedback: Vec<FeedbackReport>,
    /// Warninglists that it is on.
    #[serde(default)]
    pub warned: Vec<WarnHit>,
}

/// What a receiver says of one object that this party released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedbackReport {
    /// Who.
    pub from: String,
    /// Under which accord.
    pub accord: String,
    /// The release, by digest.
    pub release: String,
    /// The object, by address.
    pub object: String,
    /// `used`, `blocked`, `sighted`, `false-positive` or `no-use`.
    pub upshot: String,
    /// How often it was seen; 0 unless it was sighted.
    pub sighted: u32,
    /// When.
    pub at: String,
    /// The act, by digest.
    pub act: String,
    /// In words; may be empty.
    pub note: String,
}

/// What was erased because it may no longer be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EraseReport {
    /// Objects erased.
    pub erased: u64,
    /// The acts that say so: accord and digest.
    pub acts: Vec<(String, String)>,
}

/// On which terms a received object is here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TermsReport {
    /// `allowed`, `consent`, `forbidden` or `not said`, which lets nothing go on.
    pub onward: String,
    /// What it may be used for, if it is bound to that.
    pub purposes: Vec<String>,
    /// The feedback that is owed or was given, if its clause asks for one.
    pub feedback: Option<OwedReport>,
}

/// Feedback on a received object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedReport {
    /// By when it is owed, if its clock has started.
    pub due: Option<String>,
    /// What was said and when.
    pub told: Option<(String, String)>,
}

/// One received object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceivedReport {
    /// Who released it.
    pub from: String,
    /// Under which accord.
    pub accord: String,
    /// Under which clause.
    pub clause: String,
    /// Its colour.
    pub tlp: String,
    /// When it arrived.
    pub received: String,
    /// The release that brought it, by digest.
    #[serde(default)]
    pub release: String,
    /// Until when it may be kept.
    pub keep_until: Option<String>,
    /// On which terms it is here.
    #[serde(default)]
    pub terms: TermsReport,
    /// Its source at the other side.
    pub source: Option<String>,
    /// Labels.
    pub labels: Vec<String>,
    /// Free text.
    pub comment: Option<String>,
    /// Its address.
    pub address: String,
    /// Whose consent it needs to go on, if it is under somebody's control.
    #[serde(default)]
    pub control: Option<String>,
    /// What its releaser has said of it since: it is no live indicator if it was taken back.
    #[serde(default)]
    pub retracted: Option<RetractedReport>,
}

/// What a releaser has said of an object since it left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetractedReport {
    /// The retraction, by digest.
    pub act: String,
    /// When, by the releaser's clock.
    pub time: String,
    /// Why: a word of a closed list.
    pub reason: String,
    /// Why, in words; may be empty.
    pub words: String,
    /// Whether it was taken back; else its marking is narrower.
    pub gone: bool,
    /// The colour from now on, if it was narrowed.
    pub tlp: Option<String>,
    /// The PAP colour from now on, if it was narrowed.
    pub pap: Option<String>,
}

/// Numbers of indicators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountReport {
    /// Kind, distinct observables, contexts.
    pub kinds: Vec<(String, u64, u64)>,
    /// Objects received, by party.
    pub received: Vec<(String, u64)>,
}

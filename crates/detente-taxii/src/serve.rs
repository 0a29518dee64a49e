//! The one door: a request comes, an answer goes.

use crate::account::Account;
use crate::add;
use crate::fault::Fault;
use crate::filter::decoded;
use crate::house::{Collection, House, Root};
use crate::message::{MAX_TARGET, Method, Request, Response, accepts};
use crate::moment::Moment;
use crate::read;
use crate::shelf::Shelf;

/// Answers a request of an account.
///
/// Whoever calls this has proved who the account is, has held the body to [`crate::MAX_BODY`], and
/// writes down what the answer says under [`Response::audit`] before it leaves.
pub fn serve(
    house: &House,
    account: &Account,
    request: &Request<'_>,
    now: Moment,
    shelf: &mut dyn Shelf,
) -> Response {
    let mut desk = Desk { account, request, now, shelf };
    desk.answer(house).unwrap_or_else(|fault| fault.answer())
}

/// Why a request with a body would be refused whatever it holds: to be asked before the body is
/// taken.
pub fn refuse_body(house: &House, account: &Account, request: &Request<'_>) -> Option<Response> {
    let path = decoded(request.path)?;
    let parts = house.root(path.trim_matches('/'), account).map(|(root, rest)| {
        let mut parts = rest.split('/').filter(|part| !part.is_empty());
        let names = (parts.next(), parts.next(), parts.next(), parts.next());
        (root, names)
    });
    let fault = match parts {
        Some((root, (Some("collections"), Some(name), Some("objects"), None))) => {
            match root.collection(name, account) {
                Ok(to) => add::refuse(account, request, to)?,
                Err(fault) => fault,
            }
        }
        // What takes no body is refused by what it is.
        _ => return Some(serve_nothing(house, account, request)),
    };
    Some(fault.answer())
}

/// The answer to a request to what can't be added to.
fn serve_nothing(house: &House, account: &Account, request: &Request<'_>) -> Response {
    let path = decoded(request.path).unwrap_or_default();
    let known =
        path.trim_matches('/') == "taxii2" || house.root(path.trim_matches('/'), account).is_some();
    let fault = if known { Fault::Method("GET") } else { Fault::NotFound("API root") };
    fault.answer()
}

/// A request with all that its answer needs.
pub(crate) struct Desk<'a> {
    pub(crate) account: &'a Account,
    pub(crate) request: &'a Request<'a>,
    pub(crate) now: Moment,
    pub(crate) shelf: &'a mut dyn Shelf,
}

impl Desk<'_> {
    fn answer(&mut self, house: &House) -> Result<Response, Fault> {
        let request = self.request;
        if request.path.len() + request.query.len() > MAX_TARGET {
            return Err(Fault::NotFound("resource"));
        }
        let path = decoded(request.path).ok_or(Fault::NotFound("resource"))?;
        let path = path.trim_matches('/');
        if !accepts(request.accept) {
            return Err(Fault::Accept);
        }
        if path == "taxii2" {
            self.reads()?;
            return Ok(house.discovery(self.account));
        }
        let found = house.root(path, self.account);
        let (root, rest) = found.ok_or(Fault::NotFound("API root"))?;
        let parts: Vec<&str> = rest.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [] => self.reads().map(|()| root.information()),
            ["status", id] => self.status(root, id),
            ["collections"] => self.reads().map(|()| root.list(self.account)),
            ["collections", name, rest @ ..] => {
                let collection = root.collection(name, self.account)?;
                self.collection(root, collection, rest)
            }
            _ => Err(Fault::NotFound("resource")),
        }
    }

    fn collection(
        &mut self,
        root: &Root,
        collection: &Collection,
        rest: &[&str],
    ) -> Result<Response, Fault> {
        match (self.request.method, rest) {
            (Method::Get, []) => Ok(root.describe(collection, self.account)),
            (Method::Get, ["manifest"]) => read::manifest(self, collection),
            (Method::Get, ["objects"]) => read::objects(self, collection),
            (Method::Get, ["objects", id]) => read::object(self, collection, id),
            (Method::Get, ["objects", id, "versions"]) => read::versions(self, collection, id),
            (Method::Post, ["objects"]) => add::add(self, root, collection),
            (Method::Delete, ["objects", id]) => read::delete(self, collection, id),
            (_, [] | ["manifest"] | ["objects", _, "versions"]) => Err(Fault::Method("GET")),
            (_, ["objects"]) => Err(Fault::Method("GET, POST")),
            (_, ["objects", _]) => Err(Fault::Method("GET, DELETE")),
            _ => Err(Fault::NotFound("resource")),
        }
    }

    /// Refuses whatever does not read.
    pub(crate) fn reads(&self) -> Result<(), Fault> {
        match self.request.method {
            Method::Get => Ok(()),
            Method::Post | Method::Delete => Err(Fault::Method("GET")),
        }
    }

    fn status(&mut self, root: &Root, id: &str) -> Result<Response, Fault> {
        self.reads()?;
        let found = self.shelf.status((&root.path, &self.account.name), id, self.now);
        match found.map_err(|_| Fault::Shelf)? {
            Some(json) => Ok(Response::json(200, json)),
            None => Err(Fault::NotFound("status")),
        }
    }
}

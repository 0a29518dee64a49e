//! Objects that are here, received or released.

use detente_core::Digest;
use detente_core::object::Object;
use detente_intel::Observable;

use crate::error::NodeError;
use crate::node::Node;

/// What an object observes.
pub(crate) fn observed(object: &Object) -> Result<Observable, NodeError> {
    Observable::from_normal(object.kind, &object.value).map_err(NodeError::damaged)
}

impl Node {
    /// The object at an address, if it is here.
    pub(crate) fn object_at(&self, address: Digest) -> Result<Option<Object>, NodeError> {
        let bytes = self.store.object(address)?;
        bytes.map(|bytes| Object::decode(&bytes).map_err(NodeError::damaged)).transpose()
    }

    /// Whether an object that is here is about an observable.
    pub(crate) fn is_about(
        &self,
        address: Digest,
        observable: &Observable,
    ) -> Result<bool, NodeError> {
        let object = self.object_at(address)?;
        Ok(object.is_some_and(|object| {
            object.kind == observable.kind() && object.value == observable.value()
        }))
    }
}

//! What is given back and what is known of it: solutions, certificates, predictions, identification, derivatives.

pub(super) mod certificate;
pub(super) mod identification;
pub(super) mod predict;
pub(super) mod sensitivity;
pub(super) mod solution;

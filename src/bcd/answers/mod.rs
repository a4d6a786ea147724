//! What is given back and what is known of it, from the raw data: none of this knows how the loop works.
//!
//! | file | what |
//! |---|---|
//! | `solution` | what a solve gives back |
//! | `certificate` | the certificate of a point, and of many points in few passes |
//! | `evaluation` | objective, correlations and dual value at a point: what the others evaluate |
//! | `identification` | certain zeros, the margin of the active set, whether there is one solution only |
//! | `sensitivity` | derivatives of a solution |
//! | `predict` | predictions and scores on new data |

pub(super) mod certificate;
pub(super) mod evaluation;
pub(super) mod identification;
pub(super) mod predict;
pub(super) mod sensitivity;
pub(super) mod solution;

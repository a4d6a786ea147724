//! What the paper promises and what every rule and update promises, checked on random problems.

mod groups;
mod index;
mod paper;
mod rules;
mod updates;

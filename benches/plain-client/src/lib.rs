//! Nothing: the dependency is the point.

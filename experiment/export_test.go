package experiment

// SetHook makes the loop call f between any two operations on files: the points at which a test
// kills the run.
func (s *Session) SetHook(f func(point string)) { s.hook = f }

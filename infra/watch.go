package main

// watch makes what shows how the deployment does, and what says so when it does not do well.
func (v *server) watch() {}

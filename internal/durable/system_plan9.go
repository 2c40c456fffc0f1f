package durable

func remedy(error) string { return "" }

func syncDir(string) error { return nil }

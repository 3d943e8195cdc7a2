package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"time"
)

type entry struct {
	Key     string `json:"key"`
	Type    string `json:"type"`
	Default any    `json:"default"`
}

var entries []entry

func walk(prefix string, value reflect.Value) {
	for i := 0; i < value.NumField(); i++ {
		field := value.Field(i)
		tag := value.Type().Field(i).Tag.Get("mapstructure")
		if field.Kind() == reflect.Pointer {
			if field.IsNil() {
				continue
			}
			field = field.Elem()
		}
		switch {
		case tag == ",squash":
			walk(prefix, field)
		case tag == "" || tag == "-":
			// Not read from the file.
		case field.Kind() == reflect.Struct:
			walk(prefix+tag+".", field)
		default:
			add(prefix+tag, field.Interface())
		}
	}
}

func add(key string, value any) {
	if duration, ok := value.(time.Duration); ok {
		entries = append(entries, entry{key, "duration", duration.String()})
		return
	}
	if kind := reflect.ValueOf(value).Kind(); kind == reflect.Invalid || kind == reflect.Map {
		// The version knows the key only to say that it has no effect.
		entries = append(entries, entry{key, "deprecated", nil})
		return
	}
	if key == "moniker" {
		// The name of the host.
		value = ""
	}
	entries = append(entries, entry{key, fmt.Sprintf("%T", value), value})
}

// printKeys prints each key that a program reads into this structure by viper, one JSON object a line: its fields by their mapstructure
// tags, with what they hold as default.
func printKeys(config any) {
	walk("", reflect.ValueOf(config).Elem())
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	for _, e := range entries {
		if err := encoder.Encode(e); err != nil {
			fmt.Fprintln(os.Stderr, e.Key, err)
			os.Exit(1)
		}
	}
}

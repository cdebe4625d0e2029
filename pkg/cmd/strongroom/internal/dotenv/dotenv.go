// Package dotenv reads and writes .env files: lines of NAME=VALUE, for which there is no standard but many readers.
//
// # Reading
//
// [Parse] takes from a file what its readers agree on: POSIX shells (`set -a; . ./.env`), python-dotenv, Node's --env-file
// and the dotenv package for it, Ruby's dotenv, godotenv and Docker Compose. Where one of them gets another value out of
// a line than Parse does, there is a [Warning] that the caller can show. What has no likely meaning is an error.
//
//	in the file               becomes                             because
//	NAME = value              value                               all but shells, which don't take it
//	export NAME=value         value                               all
//	export NAME               nothing                             a shell sets nothing; a warning if no line gives it a value
//	NAME                      an error                            more often a line of a value without quotes than meant
//	NAME: value               an error                            half of them read it, the others skip the line
//	NAME=                     the empty value                     all
//	NAME twice                the last one, in its place          all; a warning
//	NAME=two words            two words                           all but shells, which run a command
//	NAME=value # note         value                               all
//	NAME= # note              the empty value                     most
//	NAME=value#note           value#note, a warning               shells, Python, Go; Node and Ruby cut it off
//	NAME="value"#note         value, a warning                    all but shells, which add it
//	NAME=a\b NAME=a"b"        as it stands, a warning             shells and Ruby drop backslashes, shells quotes
//	NAME=$A ${A} $(a) `a` ~   as it stands, a warning             replacing it needs values that are not in the file
//	NAME="$A"                 as it stands, a warning             the same; but \$ and \` are without the backslash
//	NAME='$A \n'              as it stands                        all (python-dotenv replaces ${A} and \\ there, too)
//	NAME="\" \\"              " \                                 all but Node, which knows no escapes but \n
//	NAME="\n \r"              a line feed, a carriage return,     most; shells and Ruby keep the two characters
//	                          and a warning
//	NAME="\t \x"              as it stands, a warning             they differ in all other escapes
//	NAME='a\'b'               an error                            a shell ends the value at the second quote
//	NAME='it'\''s'            it's, a warning                     shells; the others can't
//	NAME=`value`              an error                            a quote to Node, a command to shells
//	NAME="one                 both lines                          all
//	two"
//	CR LF at the line ends    LF, in values too                   all but shells. If only some lines end so, values keep
//	                                                              theirs, and there is a warning
//	a byte order mark         is skipped                          most
//	NUL, text not in UTF-8    an error                            no variable can hold the one, most can't read the other
//
// Names are of ASCII letters, digits and the characters _ . -, which is more than shells take. Nothing is ever looked up,
// replaced or run. Errors say the line and never what is in it, warnings say the line and the name.
//
// # Writing
//
// [Write] writes one canonical form, which Parse reads back exactly and without warnings: a value of the characters
// A-Z a-z 0-9 _ @ % + = : , . / - as it is, another one in single quotes, and one that has a single quote in it, or a
// backslash at its end, in double quotes with a backslash before \ " $ and `. What Write made, read and written again, is
// the same byte for byte.
//
// A POSIX shell reads every such file as Parse does. The others don't always, because no form is read alike by all;
// [Misreaders] tells for three of them:
//
//	python-dotenv              reads \\ in single quotes as one backslash, leaves the backslash before $ and ` in double
//	                           quotes, turns carriage returns into line feeds, and replaces ${…} everywhere unless told
//	                           interpolate=False
//	Node's --env-file          drops carriage returns, knows no escapes in double quotes, and ends such a value at its first
//	                           \": lines after it may be taken for variables
//	the dotenv package         turns carriage returns into line feeds and leaves every backslash in double quotes
//	Ruby's dotenv              turns carriage returns into line feeds; after a backslash at the end of a value, it and the
//	                           dotenv package may read on to a quote at the end of a later line
//	godotenv                   turns CR LF into LF; it loses a double quote at the end of a value in double quotes, and does
//	                           not take a file where there is a backslash at that place
//	Docker Compose             leaves the backslash before ` in double quotes
//
// Bash refuses to set the variables that are its own (UID, EUID, PPID, SHELLOPTS, BASHOPTS, BASH_VERSINFO) and goes on
// with the next line.
//
// # Why not a library
//
// godotenv and Docker Compose's parser replace $NAME in what they read, answer a map (no order, no lines, no repeated
// names), and have a part of the file in their errors; godotenv also trims all quotes from the ends of a value and drops
// a backslash before any character. go-envparse takes neither values of several lines nor control characters, and its
// licence is not a permissive one.
package dotenv

import "fmt"

// An Entry is one variable.
type Entry struct {
	// Name is as the file has it; Write takes only what can be a variable's name.
	Name string
	// Value is any text in UTF-8 without NUL.
	Value string
	// Line is where the entry begins, counted from 1. Write ignores it.
	Line int
}

// A File is what Parse found.
type File struct {
	// Entries are in the order of the file, each name once.
	Entries []Entry
	// Warnings are in the order of the file.
	Warnings []Warning
}

// A Warning says that another reader of the file may get another value than Parse did.
type Warning struct {
	Line int
	Name string
	// Text says what was found and what became of it, never the value.
	Text string
}

// String is the warning in one line, such as "line 3: PASSWORD: …".
func (w Warning) String() string { return fmt.Sprintf("line %d: %s: %s", w.Line, w.Name, w.Text) }

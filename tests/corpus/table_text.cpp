#include "tests/corpus/table_text.hpp"

#include <fmt/format.h>

namespace uflush::corpus {

std::string TableText::key() {
  return one_of({"example.com",
                 "one.example",
                 ".one.example",
                 "a.one.example",
                 "example",
                 "UPPER.example",
                 "b\xc3\xbc"
                 "cher.example",
                 "fa\xc3\x9f.de",
                 "x",
                 "a-b_c.example",
                 "1.2.3.4",
                 "10.1.2.3",
                 "::1",
                 "2001:db8::7",
                 "user@example.com",
                 "two words",
                 "a=b",
                 "key{x}",
                 "z\xc3\xa9",
                 "example.com.",
                 "192.168.255.1",
                 "PATH",
                 "root",
                 "root.example"});
}

std::string TableText::value() {
  if (dice_.chance(0.02)) return "not \xff text";
  return one_of({"x", "OK", "some words", "1", "a  b", "\xc3\xa4", "$1", "{}", "# no comment"});
}

std::vector<std::string> TableText::keys() {
  std::vector<std::string> drawn;
  for (std::size_t count = 16; count > 0; --count) {
    std::string text = key();
    if (dice_.chance(0.1)) text = text.substr(dice_.below(text.size()));
    if (dice_.chance(0.1)) text += one_of({" ", "x", ".example.com", "/8", "\t"});
    // What is cut within a character is no text: another layer's business, above the tables.
    if ((static_cast<unsigned char>(text.front()) & 0xC0U) != 0x80U) drawn.push_back(text);
  }
  return drawn;
}

std::string TableText::keys_and_values() {
  std::string text;
  if (dice_.chance(0.05)) text += "  indented at the beginning\n";
  for (std::size_t lines = dice_.below(12); lines > 0; --lines) {
    const std::string blanks = one_of({" ", "\t", "   "});
    const std::string name = dice_.chance(0.1) ? fmt::format("\"{}\"", key()) : key();
    switch (dice_.below(12)) {
      case 0:
        text += one_of({"# comment\n", "\n", "  # comment\n", " \n", "\t\n", "#\n"});
        break;
      case 1:
        text += name + one_of({"\n", " \n", "\t\n", ":\n", ": \n", "\"x y\n"});
        break;
      case 2:
        text += name + "\n" + blanks + value() + "\n";
        break;
      case 3:
        text += name + blanks + value() + "\n# between\n" + blanks + value() + "\n";
        break;
      case 4:
        text += name + one_of({": ", " = ", "\xa0 ", "\r ", " \r", "\v"}) + value() + "\n";
        break;
      default:
        text += name + blanks + value() + one_of({"", "", "", "  ", "\r"}) + "\n";
    }
  }
  if (!text.empty() && dice_.chance(0.1)) text.pop_back();
  return text;
}

std::string TableText::expression(bool is_pcre) {
  const std::string common = one_of(
      {"one",   "^example", "\\.com$",   "(.+)\\.example", "^[a-m]",       "(a)|(b)",    ".",   "\\/", "x*",
       "UPPER", "^10\\.",   "(o)(n)(e)", "[0-9]+",         "\xc3\xbc",     "^$",         " ",   "(",   "[a",
       "a\\",   "*",        "{",         "a{2,1}",         "[[:alpha:]]+", "[[:nope:]]", "x{1", "()"});
  if (!is_pcre || dice_.chance(0.6)) return common;
  return one_of({"\\d+", "(?i)upper", "(?:one)", "(?<n>e)", "\\bexample\\b", "^.{3,9}$", "(?=x)", "(?",
                 "\\Q.\\E", "^(?!example)", "[^\\W]", "\\p{L}"});
}

std::string TableText::rule(bool is_pcre) {
  const std::string sign = dice_.chance(0.2) ? "!" : "";
  const std::string delimiter = dice_.chance(0.85) ? "/" : one_of({"|", ",", "%", "_", "\xc3"});
  const std::string flags =
      dice_.chance(0.7) ? "" : one_of({"i", "x", "m", "im", "ii", "s", "A", "E", "U", "X", "q", "iq", "1"});
  const std::string blanks = one_of({" ", "\t", "  "});
  const std::string text = sign + delimiter + expression(is_pcre) + delimiter + flags;
  const std::string result = one_of({"found", "x y", "$1", "${1}x", "$(2)", "$9", "$0", "$$", "$", "${", "$x",
                                     "${x}", "a$1$2", "", "OK # text", "\xff"});
  switch (dice_.below(14)) {
    case 0:
      return one_of({"# comment", "", "   ", "no delimiter x", "/unfinished", "/", "!", "! /x/ y", "if",
                     "IF /a/", "endif x", "endif", "else"}) +
             "\n";
    case 1:
      return text + "\n" + blanks + result + "\n";
    case 2:
      return text + result + "\n";
    default:
      return text + blanks + result + "\n";
  }
}

std::string TableText::expressions(bool is_pcre) {
  std::string text;
  std::size_t open = 0;
  for (std::size_t rules = dice_.between(0, 8); rules > 0; --rules) {
    if (dice_.chance(0.2)) {
      text += one_of({"if /", "if !/", "if  /", "if ! /"}) + expression(is_pcre) +
              one_of({"/", "/i", "/ x", "x", "/q"}) + "\n";
      ++open;
    }
    text += rule(is_pcre);
    if (open > 0 && dice_.chance(0.4)) {
      text += one_of({"endif\n", "endif\n", "endif \n", "ENDIF\n"});
      --open;
    }
  }
  for (; open > 0 && dice_.chance(0.9); --open) text += "endif\n";
  return text;
}

std::string TableText::network() {
  return one_of({"10.0.0.0/8", "10.1.2.3",       "1.2.3.4/32",    "192.168.0.0/16",  "0.0.0.0/0",
                 "::1",        "::/0",           "2001:db8::/32", "2001:db8::7/128", "10.1.2.3/8",
                 "1.2.3",      "1.2.3.4/33",     "::1/129",       "1.2.3.4/",        "1.2.3.4/x",
                 "300.1.1.1",  "fe80::1%lo",     "[::1]",         "[2001:db8::]/32", "01.2.3.4",
                 "1.2.3.4/08", "::ffff:1.2.3.4", "2001:DB8::7",   "example.com"});
}

std::string TableText::networks() {
  std::string text;
  std::size_t open = 0;
  for (std::size_t rules = dice_.between(0, 8); rules > 0; --rules) {
    if (dice_.chance(0.2)) {
      text += one_of({"if ", "if !", "IF ", "if  ! "}) + network() + one_of({"\n", "\n", " x\n"});
      ++open;
    }
    const std::string sign = dice_.chance(0.2) ? one_of({"!", "! ", "!!"}) : "";
    text += sign + network() +
            one_of({" ok\n", "\tok\n", "\n", " \n", "  two words\n", "\n  continued\n", " \xff\n"});
    if (dice_.chance(0.1)) text += one_of({"# comment\n", "\n", "endif\n", "/x/ y\n", "if\n", "endif x\n"});
    if (open > 0 && dice_.chance(0.4)) {
      text += "endif\n";
      --open;
    }
  }
  for (; open > 0 && dice_.chance(0.9); --open) text += "endif\n";
  return text;
}

std::string TableText::inline_name() {
  std::string text = dice_.chance(0.97) ? "{" : "";
  for (std::size_t pairs = dice_.below(6); pairs > 0; --pairs) {
    const std::string pair = key() + one_of({"=", "=", "=", " = ", " =", ""}) + value();
    text += dice_.chance(0.5) ? fmt::format("{{{}{}{}}}", one_of({"", " "}), pair, one_of({"", " "})) : pair;
    text += one_of({",", ", ", " ", "  "});
  }
  return dice_.chance(0.97) ? text + "}" : text;
}

std::string TableText::inline_rules(const std::string& type) {
  std::string text = dice_.chance(0.97) ? "{" : "";
  for (std::size_t rules = dice_.below(5); rules > 0; --rules) {
    std::string one = type == "cidr" ? network() + " ok" : rule(type == "pcre");
    while (!one.empty() && one.back() == '\n') one.pop_back();
    text += dice_.chance(0.95) ? fmt::format(" {{{}}}", one) : fmt::format(" {}", one);
    text += one_of({",", " ", ", "});
  }
  return dice_.chance(0.97) ? text + "}" : text;
}

}  // namespace uflush::corpus

#include "tests/corpus/main_cf_text.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace uflush::corpus {

std::string MainCfText::blanks() {
  return one_of({"", "", " ", " ", "  ", "\t", " \t "});
}

std::string MainCfText::file() {
  std::string text;
  if (dice_.chance(0.1)) text += one_of({"  indented = 1\n", "\tn1 = a long line that is indented\n  too\n"});
  for (std::size_t lines = dice_.between(1, 12); lines > 0; --lines) {
    if (dice_.chance(0.3)) text += odd_line();
    text += entry(dice_.below(10));
    while (dice_.chance(0.3)) {
      if (dice_.chance(0.3)) text += odd_line();
      text += one_of({" ", "\t", "  "}) + value(1) + blanks() + "\n";
    }
  }
  if (dice_.chance(0.1)) text.pop_back();
  return text;
}

std::string MainCfText::entry(std::size_t number) {
  if (dice_.chance(0.02))
    return one_of({"no equals sign\n", "alone\n", "=value\n", "= value\n", "a b = c\n"});
  names_ = number;
  const std::string name =
      dice_.chance(0.05) ? one_of({"N1", "n-1", "n.1", "\xc3\xa4", "n1\x01"}) : fmt::format("n{}", number);
  std::string text = fmt::format("{}{}={}{}{}", name, blanks(), blanks(), value(dice_.below(4)), blanks());
  names_ = 8;
  if (dice_.chance(0.1)) text += one_of({" # no comment", "\r", " = again", "\x01", "\xff", "\v\f"});
  if (dice_.chance(0.03)) text += std::string("\0 lost", 6);
  return text + "\n";
}

std::string MainCfText::odd_line() {
  return one_of({"\n", "  \n", "\t\r\n", "# comment\n", "  # indented comment\n", "#\n", "\n\n",
                 std::string("\0 behind a NUL\n", 15), std::string(" \0#\n", 4), "# a = b\n"});
}

std::string MainCfText::value(std::size_t depth) {
  std::string text;
  for (std::size_t pieces = dice_.between(1, 3); pieces > 0; --pieces) text += piece(depth);
  return text;
}

std::string MainCfText::piece(std::size_t depth) {
  if (depth == 0) {
    if (dice_.chance(0.4)) return reference();
    return one_of(
        {"a", "7", "10", "x:y", "b c", "$$", "p?q", "009", "-1", "=", "true", "1.2", "{x}", "!", ","});
  }
  switch (dice_.below(5)) {
    case 0:
      return piece(0);
    case 1:
      return reference();
    case 2:
      return fmt::format("${{{}n{}{}{}}}", blanks(), dice_.below(names_ + 1) + 20 * dice_.below(2), blanks(),
                         branches(depth - 1));
    default:
      return fmt::format("${{{}{}{}}}", blanks(), comparison(depth - 1),
                         dice_.chance(0.3) ? "" : branches(depth - 1));
  }
}

std::string MainCfText::reference() {
  const std::string name =
      names_ == 0 || dice_.chance(0.2) ? "undefined" : fmt::format("n{}", dice_.below(names_));
  switch (dice_.below(3)) {
    case 0:
      return fmt::format("$({})", name);
    case 1:
      return fmt::format("${{{}{}{}}}", blanks(), name, blanks());
    default:
      return fmt::format("${} ", name);
  }
}

std::string MainCfText::braced(std::size_t depth) {
  return fmt::format("{{{}{}{}}}", blanks(), value(depth), blanks());
}

std::string MainCfText::operand_of_levels() {
  return fmt::format("{{{}}}", one_of({"0", "1", "2", "3.6", "3.10", "3.6.2", "3.5.1023", "$n4", "03.06"}));
}

std::string MainCfText::comparison(std::size_t depth) {
  const std::string op = one_of({"==", "!=", "<", "<=", ">=", ">"});
  if (dice_.chance(0.2))
    return fmt::format("{}{}{}level{}{}{}", operand_of_levels(), blanks(), op, blanks(), operand_of_levels(),
                       blanks());
  return fmt::format("{}{}{}{}{}{}", braced(depth), blanks(), op, blanks(), braced(depth), blanks());
}

std::string MainCfText::branches(std::size_t depth) {
  const std::string yes = fmt::format("?{}{}{}", blanks(), braced(depth), blanks());
  switch (dice_.below(6)) {
    case 0:
      return yes;
    case 1:
      return fmt::format(":{}{}{}", blanks(), braced(depth), blanks());
    case 2:
    case 3:
      return fmt::format("{}:{}{}{}", yes, blanks(), braced(depth), blanks());
    case 4:
      return fmt::format("{}:{}", yes, one_of({"plain", " plain", "a:b?c", ""}));
    default:
      return one_of({"?plain", ":plain", "? a:b", ":", "?"});
  }
}

std::string MainCfText::broken_value() {
  std::string text = value(3);
  for (std::size_t faults = dice_.between(1, 2); faults > 0; --faults) {
    const std::size_t at = dice_.below(text.size() + 1);
    const std::string other =
        one_of({"$",  "{",     "}", "(",  ")",  "?",   ":",   "<",      "=",  "!",
                " ",  "level", "x", "$ ", "${", "$()", "${}", "<level", "==", "99999999999999999999",
                "1.x"});
    switch (dice_.below(3)) {
      case 0:
        text.insert(at, other);
        break;
      case 1:
        if (at < text.size()) text.erase(at, 1);
        break;
      default:
        if (at < text.size()) text.replace(at, 1, other);
    }
  }
  return text;
}

}  // namespace uflush::corpus

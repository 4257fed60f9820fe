/// Draws lookup tables and keys for them from a seed: proper ones, odd ones, broken ones.
#pragma once

#include <string>
#include <vector>

#include "tests/sim/dice.hpp"

namespace uflush::corpus {

class TableText {
 public:
  explicit TableText(Seed seed) : dice_(seed) {}

  /// Keys and values as postmap(1) and texthash read them.
  [[nodiscard]] std::string keys_and_values();
  /// Rules of a regexp or pcre table.
  [[nodiscard]] std::string expressions(bool is_pcre);
  [[nodiscard]] std::string networks();
  /// The name of an inline table, braces included.
  [[nodiscard]] std::string inline_name();
  /// The name of a table whose rules are its name (Postfix 3.7).
  [[nodiscard]] std::string inline_rules(const std::string& type);

  /// Domains, words, addresses, odd bytes: those that tables are made of, and others.
  [[nodiscard]] std::vector<std::string> keys();

 private:
  [[nodiscard]] std::string key();
  [[nodiscard]] std::string value();
  [[nodiscard]] std::string expression(bool is_pcre);
  [[nodiscard]] std::string rule(bool is_pcre);
  [[nodiscard]] std::string network();
  [[nodiscard]] std::string one_of(const std::vector<std::string>& texts) {
    return texts[dice_.below(texts.size())];
  }

  Dice dice_;
};

}  // namespace uflush::corpus

/// Texts for macro expansion whose result is known because of how they were made (fuzz/macro.cpp).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/main_cf.hpp"

namespace uflush {

/// The values that made texts refer to; `undefined` is not among them.
[[nodiscard]] inline const ParameterTable& tree_values() {
  static const ParameterTable values = {{"empty", ""}, {"one", "1"}, {"ten", "10"}, {"words", "a b:c?d=e"}};
  return values;
}

/// A text and what it stands for.
struct MadeText {
  std::string text;
  std::string value;
};

/// Makes a text of the choices that `bytes` are; they start over when they are used up.
class MacroTree {
 public:
  explicit MacroTree(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] MadeText make(std::size_t depth) {
    MadeText made;
    for (std::size_t pieces = choose(4); pieces > 0; --pieces) {
      const MadeText piece = depth == 0 ? leaf() : node(depth - 1);
      made.text += piece.text;
      made.value += piece.value;
    }
    return made;
  }

  /// Numbers too large to be compared have come up: the reference is as fatal as we are.
  [[nodiscard]] bool is_out_of_range() const noexcept { return out_of_range_; }

 private:
  std::size_t choose(std::size_t count) {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(bytes_[at_++ % bytes_.size()]);
    return (byte + at_ / bytes_.size()) % count;
  }

  [[nodiscard]] std::string blanks() {
    static constexpr std::array texts{"", "", " ", "\t "};
    return texts[choose(texts.size())];
  }

  [[nodiscard]] MadeText leaf() {
    static constexpr std::array literals{"a", "7", "10", "x:y?z", "", "=", "009", " b ", "!<"};
    if (choose(3) == 0) {
      std::string value;
      const std::string name = some_name(value);
      switch (choose(3)) {
        case 0:
          return {"${" + blanks() + name + blanks() + "}", value};
        case 1:
          return {"$(" + name + ")", value};
        default:
          return {"$" + name + "-", value + "-"};  // `-` is no byte of a name
      }
    }
    if (choose(8) == 0) return {"$$", "$"};
    const std::string literal = literals[choose(literals.size())];
    return {literal, literal};
  }

  [[nodiscard]] MadeText node(std::size_t depth) {
    switch (choose(4)) {
      case 0:
        return conditional(depth);
      case 1:
      case 2:
        return comparison(depth);
      default:
        return leaf();
    }
  }

  [[nodiscard]] std::string some_name(std::string& value) {
    static constexpr std::array names{"empty", "one", "ten", "words", "undefined"};
    const std::string name = names[choose(names.size())];
    const auto found = tree_values().find(name);
    value = found == tree_values().end() ? "" : found->second;
    return name;
  }

  [[nodiscard]] MadeText conditional(std::size_t depth) {
    std::string value;
    const std::string name = some_name(value);
    const MadeText branches = choice(!value.empty(), depth, true);
    return {"${" + blanks() + name + blanks() + branches.text + "}", branches.value};
  }

  /// `?{...}:{...}`, or one of the two, or (unless `wanted`) nothing.
  [[nodiscard]] MadeText choice(bool is_true, std::size_t depth, bool wanted) {
    const MadeText yes = make(depth);
    const MadeText no = make(depth);
    const std::string if_true = "?" + braced(yes);
    const std::string if_false = ":" + braced(no);
    switch (choose(wanted ? 3 : 4)) {
      case 0:
        return {if_true + if_false, is_true ? yes.value : no.value};
      case 1:
        return {if_true, is_true ? yes.value : ""};
      case 2:
        return {if_false, is_true ? "" : no.value};
      default:
        return {"", is_true ? "true" : ""};
    }
  }

  [[nodiscard]] std::string braced(const MadeText& made) {
    return blanks() + "{" + made.text + "}" + blanks();
  }

  [[nodiscard]] MadeText comparison(std::size_t depth) {
    static constexpr std::array operators{"==", "!=", "<", "<=", ">=", ">"};
    const MadeText left = make(depth);
    const MadeText right = make(depth);
    const int order = compare(left.value, right.value);
    const std::size_t op = choose(operators.size());
    const std::array holds{order == 0, order != 0, order<0, order <= 0, order >= 0, order> 0};
    const MadeText branches = choice(holds.at(op), depth, false);
    return {"${" + braced(left) + operators.at(op) + braced(right) + branches.text + "}", branches.value};
  }

  [[nodiscard]] int compare(const std::string& left, const std::string& right) {
    constexpr std::size_t digits_max = 18;
    const auto is_number = [](const std::string& text) {
      return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    };
    if (!is_number(left) || !is_number(right)) return left.compare(right);
    if (left.size() > digits_max || right.size() > digits_max) {
      out_of_range_ = true;
      return 0;
    }
    const long long difference = std::stoll(left) - std::stoll(right);
    return difference < 0 ? -1 : static_cast<int>(difference > 0);
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  bool out_of_range_ = false;
};

}  // namespace uflush

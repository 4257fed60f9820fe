#include "tests/differential/mutation.hpp"

#include <utility>
#include <vector>

namespace uflush::differential {
namespace {

/// A request as the texts between its NULs: names and values in turn, the end of the list not among them.
using Tokens = std::vector<std::string>;

Tokens split(const std::string& request) {
  Tokens tokens;
  for (std::size_t begin = 0, end = 0; (end = request.find('\0', begin)) != std::string::npos;
       begin = end + 1)
    tokens.push_back(request.substr(begin, end - begin));
  if (!tokens.empty() && tokens.back().empty()) tokens.pop_back();
  return tokens;
}

std::string join(const Tokens& tokens) {
  std::string request;
  for (const std::string& token : tokens) request.append(token).push_back('\0');
  return request + '\0';
}

std::string strange_text(Dice& dice) {
  switch (dice.below(8)) {
    case 0:
      return "";
    case 1:
      return "foo";
    case 2:
      return "queue_id";
    case 3:
      return "\x01\x7f\xff\xfe";
    case 4:
      return std::string(dice.between(200, 6000), 'n');
    case 5:
      return "bücher\xc3";
    case 6:
      return "Request";
    default:
      return "site";
  }
}

void change_tokens(Tokens& tokens, Dice& dice) {
  if (tokens.empty()) return;
  const std::size_t at = dice.below(tokens.size());
  const auto place = tokens.begin() + static_cast<std::ptrdiff_t>(at);
  const std::size_t name_at = at / 2 * 2;
  const auto name = tokens.begin() + static_cast<std::ptrdiff_t>(name_at);
  const bool whole = name_at + 1 < tokens.size();
  switch (dice.below(7)) {
    case 0:
      tokens.erase(place);
      return;
    case 1:
      if (whole) tokens.erase(name, name + 2);
      return;
    case 2:
      if (whole) tokens.insert(tokens.end(), {*name, *(name + 1)});
      return;
    case 3:
      if (whole) tokens.insert(name, {std::string(*name), std::string(*(name + 1))});
      return;
    case 4:
      std::swap(*place, tokens[dice.below(tokens.size())]);
      return;
    case 5:
      tokens.insert(name, {strange_text(dice), strange_text(dice)});
      return;
    default:
      *place = strange_text(dice);
  }
}

void change_bytes(std::string& request, Dice& dice) {
  const std::size_t at = dice.below(request.size());
  switch (dice.below(4)) {
    case 0:
      request.resize(at);
      return;
    case 1:
      request[at] = static_cast<char>(dice.below(256));
      return;
    case 2:
      request.erase(at, 1);
      return;
    default:
      request += dice.chance(0.5) ? "junk" : strange_text(dice) + '\0';
  }
}

}  // namespace

std::string mutated_request(const std::string& request, Dice& dice) {
  Tokens tokens = split(request);
  if (dice.chance(0.6)) {
    change_tokens(tokens, dice);
    if (dice.chance(0.3)) change_tokens(tokens, dice);
  }
  std::string changed = join(tokens);
  if (changed == request || dice.chance(0.3)) change_bytes(changed, dice);
  return changed.empty() ? "W" : changed;
}

}  // namespace uflush::differential

/// Lists of literals: EligibleSites, with its one look-up per label, decides as a naive matcher does that
/// goes through the items one by one (BEHAVIOUR.md 5.3 to 5.5). An evaluation repeated gives the same, and a
/// site in capitals is the same site.
///
/// The first byte of the input chooses whether parents match (1) and whether UTF-8 is folded (2); its first
/// line is the list, each other line a site.
#include "core/eligible_sites.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "fuzz/input.hpp"
#include "io/check.hpp"

namespace uflush {
namespace {

class Silence final : public LogSink {
 public:
  void write(Severity, std::string_view) override {}
};

struct Item {
  std::string pattern;
  bool negated;
};

/// Without files, tables, comments and braces, which are another target's business.
std::string literals_only(std::string_view text) {
  std::string list(text);
  for (char& byte : list)
    if (std::string_view("/:#{}").find(byte) != std::string_view::npos) byte = 'x';
  return list;
}

std::vector<Item> naive_items(const std::string& list, Folding folding) {
  std::vector<Item> items;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find_first_of(", \t\r\n", at), list.size());
    const std::string item = list.substr(at, end - at);
    const std::size_t signs = std::min(item.find_first_not_of('!'), item.size());
    if (!item.empty()) items.push_back({fold_case(item.substr(signs), folding), signs % 2 == 1});
    at = end + 1;
  }
  return items;
}

bool naive_match(const std::string& site, const std::string& pattern, bool parents_match) {
  if (site == pattern) return true;
  if (parents_match) return site.ends_with("." + pattern);
  return pattern.starts_with('.') && site.size() > pattern.size() && site.ends_with(pattern);
}

Eligibility naive_verdict(const std::vector<Item>& items, const std::string& site, bool parents_match) {
  for (const auto& [pattern, negated] : items) {
    if (naive_match(site, pattern, parents_match))
      return negated ? Eligibility::denied : Eligibility::eligible;
  }
  return Eligibility::denied;
}

std::string in_capitals(std::string_view text) {
  std::string capitals(text);
  for (char& byte : capitals)
    if (byte >= 'a' && byte <= 'z') byte = static_cast<char>(byte - 'a' + 'A');
  return capitals;
}

void check(std::string_view list, const std::vector<std::string_view>& sites, bool parents_match,
           Folding folding) {
  const EligibilityConfig config{
      .fast_flush_domains = literals_only(list),
      .parent_domain_matches_subdomains = parents_match ? "fast_flush_domains" : "",
      .smtputf8_enable = folding == Folding::utf8,
  };
  Silence sink;
  Log log(sink);
  const auto read_file = [](const std::string&) -> Result<std::string> { return Error{ENOENT}; };
  const auto eligible = EligibleSites::open(config, read_file, log);

  const std::vector<Item> items = naive_items(config.fast_flush_domains, folding);
  const bool only_signs =
      std::any_of(items.begin(), items.end(), [](const Item& item) { return item.pattern.empty(); });
  FLUSH_ASSERT((eligible == nullptr) == only_signs);
  if (eligible == nullptr) return;
  FLUSH_ASSERT(!eligible->may_block());
  for (const std::string_view site : sites) {
    const Eligibility expected = naive_verdict(items, fold_case(site, folding), parents_match);
    FLUSH_ASSERT(eligible->test(site, log) == expected);
    FLUSH_ASSERT(eligible->test(site, log) == expected);
    FLUSH_ASSERT(eligible->test(in_capitals(site), log) == expected);
  }
}

}  // namespace
}  // namespace uflush

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace uflush;
  if (size == 0) return 0;
  std::string_view text = as_text(data, size).substr(1);
  const std::string_view list = take_until(text, '\n');
  check(list, split(text, '\n'), (data[0] & 1U) != 0, (data[0] & 2U) != 0 ? Folding::utf8 : Folding::ascii);
  return 0;
}

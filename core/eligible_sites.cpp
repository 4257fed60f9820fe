#include "core/eligible_sites.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/table/fail_table.hpp"
#include "core/table/open_table.hpp"
#include "core/utf8.hpp"

namespace uflush {
namespace {

constexpr std::string_view list_name = "fast_flush_domains";
constexpr std::string_view parents_list_name = "parent_domain_matches_subdomains";

/// The next key of a site after `key`: with `parents_match` what follows the next dot, else the dot as well.
/// Empty when there is none.
std::string_view next_parent(std::string_view key, bool parents_match) noexcept {
  const std::size_t dot = key.find('.', parents_match ? 0 : 1);
  if (dot == std::string_view::npos) return {};
  return key.substr(parents_match ? dot + 1 : dot);
}

/// The key that a table is asked for next. Unlike a literal, a table is never asked for a parent in front of
/// whose dot there is nothing: `.example.com` and then `com`.
std::string_view next_key(std::string_view key, bool parents_match) noexcept {
  const std::size_t dot = key.find('.', 1);
  if (dot == std::string_view::npos) return {};
  return key.substr(parents_match ? dot + 1 : dot);
}

std::string lookup_problem(std::string_view list, const Table& table) {
  return fmt::format("{}: {}: table lookup problem", list, table.name());
}

}  // namespace

/// Turns the configuration into an EligibleSites, logging as it goes.
class EligibilityReader {
 public:
  EligibilityReader(EligibleSites& sites, const EligibilityConfig& config, const ReadFile& read_file,
                    Log& log)
      : sites_(sites),
        config_(config),
        context_{.utf8 = config.smtputf8_enable, .read_file = read_file},
        log_(log) {}

  /// False after a fatal record.
  bool read() { return read_parents_match() && read_sites(); }

 private:
  /// Is fast_flush_domains among the lists for which a domain stands for its subdomains?
  bool read_parents_match() {
    const MatchList list =
        parse_match_list(parents_list_name, config_.parent_domain_matches_subdomains, context_.read_file);
    std::vector<std::shared_ptr<Table>> tables(list.items.size());
    if (!report(list) || !open_tables(list, tables)) return false;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const MatchItem& item = list.items[i];
      Lookup answer = Lookup::not_found;
      if (tables[i] != nullptr) {
        Inquiry inquiry;
        answer = tables[i]->find(list_name, inquiry);
        for (const std::string& warning : inquiry.warnings) log_.warning("{}", warning);
      } else if (fold_case(item.text, sites_.folding_) == list_name) {
        answer = Lookup::found;
      }
      // Before the daemon runs there is nobody who could wait for another process.
      if (answer == Lookup::failed || answer == Lookup::unanswered) {
        log_.fatal("{}", lookup_problem(parents_list_name, *tables[i]));
        return false;
      }
      if (answer == Lookup::found) {
        sites_.parents_match_ = !item.negated;
        break;
      }
    }
    return true;
  }

  bool read_sites() {
    const MatchList list = parse_match_list(list_name, config_.fast_flush_domains, context_.read_file);
    std::vector<std::shared_ptr<Table>> tables(list.items.size());
    if (!report(list) || !open_tables(list, tables)) return false;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const MatchItem& item = list.items[i];
      if (tables[i] != nullptr)
        sites_.tables_.push_back({i, item.negated, std::move(tables[i])});
      else
        sites_.literals_.try_emplace(fold_case(item.text, sites_.folding_),
                                     EligibleSites::Literal{i, item.negated});
    }
    return true;
  }

  /// Logs what parsing found. False when it was fatal.
  bool report(const MatchList& list) {
    for (const std::string& file : list.files_read) depend_on(file);
    for (const std::string& warning : list.warnings) log_.warning("{}", warning);
    for (const std::string& error : list.errors) {
      if (!log_open_error(error)) return false;
    }
    if (list.fatal) log_.fatal("{}", *list.fatal);
    return !list.fatal;
  }

  bool open_tables(const MatchList& list, std::vector<std::shared_ptr<Table>>& tables) {
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const MatchItem& item = list.items[i];
      if (item.kind == MatchItem::Kind::literal) continue;
      if (item.kind == MatchItem::Kind::unreadable_file) {
        tables[i] = std::make_shared<UnavailableTable>(
            fmt::format("non-existent:{}", item.text),
            fmt::format("open file {}: {}", item.text, item.error.message()));
        continue;
      }
      tables[i] = open_once(item.text);
      if (tables[i] == nullptr) return false;
    }
    return true;
  }

  /// A table that stands in the lists twice is opened, and complained about, once.
  std::shared_ptr<Table> open_once(const std::string& type_name) {
    const auto known = std::find_if(opened_.begin(), opened_.end(),
                                    [&](const auto& table) { return table->name() == type_name; });
    if (known != opened_.end()) return *known;
    OpenedTable opening = open_table(type_name, context_);
    for (const std::string& file : opening.files) depend_on(file);
    for (const std::string& warning : opening.warnings) log_.warning("{}", warning);
    if (opening.error && opening.fatal) {
      log_.fatal("{}", *opening.error);
      return nullptr;
    }
    if (opening.error && !log_open_error(*opening.error)) return nullptr;
    opened_.push_back(opening.table);
    return opening.table;
  }

  bool log_open_error(std::string_view error) {
    if (config_.daemon_table_open_error_is_fatal)
      log_.fatal("{}", error);
    else
      log_.error("{}", error);
    return !config_.daemon_table_open_error_is_fatal;
  }

  void depend_on(const std::string& file) {
    if (std::find(sites_.files_.begin(), sites_.files_.end(), file) == sites_.files_.end())
      sites_.files_.push_back(file);
  }

  EligibleSites& sites_;
  const EligibilityConfig& config_;
  TableContext context_;
  Log& log_;
  std::vector<std::shared_ptr<Table>> opened_;
};

EligibleSites::EligibleSites(const EligibilityConfig& config)
    : folding_(config.smtputf8_enable ? Folding::utf8 : Folding::ascii) {}

std::unique_ptr<EligibleSites> EligibleSites::open(const EligibilityConfig& config, const ReadFile& read_file,
                                                   Log& log) {
  std::unique_ptr<EligibleSites> sites(new EligibleSites(config));
  if (!EligibilityReader(*sites, config, read_file, log).read()) return nullptr;
  return sites;
}

Eligibility EligibleSites::evaluate(std::string_view site, Inquiry& inquiry) {
  inquiry.warnings.clear();
  const std::string_view folded = fold_case(site, folding_, scratch_);
  const std::optional<Literal> literal = first_literal(folded);
  for (const TableItem& item : tables_) {
    if (literal && literal->index < item.index) break;
    switch (look_up(*item.table, folded, inquiry)) {
      case Lookup::found:
        return item.negated ? Eligibility::denied : Eligibility::eligible;
      case Lookup::failed:
        inquiry.warnings.push_back(lookup_problem(list_name, *item.table));
        return Eligibility::failed;
      case Lookup::unanswered:
        return Eligibility::undecided;
      case Lookup::not_found:
        break;
    }
  }
  return literal && !literal->negated ? Eligibility::eligible : Eligibility::denied;
}

Eligibility EligibleSites::test(std::string_view site, Log& log) {
  const Eligibility eligibility = evaluate(site, inquiry_);
  for (const std::string& warning : inquiry_.warnings) log.warning("{}", warning);
  return eligibility;
}

bool EligibleSites::may_block() const noexcept {
  return std::any_of(tables_.begin(), tables_.end(),
                     [](const TableItem& item) { return item.table->may_block(); });
}

bool EligibleSites::asks_others() const noexcept {
  return std::any_of(tables_.begin(), tables_.end(),
                     [](const TableItem& item) { return item.table->is_remote(); });
}

/// Every literal that can match is the site or one of its parents. Among those that are in the list, the
/// first one in the list decides.
std::optional<EligibleSites::Literal> EligibleSites::first_literal(std::string_view site) const {
  std::optional<Literal> first;
  for (std::string_view key = site; !key.empty(); key = next_parent(key, parents_match_)) {
    const auto found = literals_.find(key);
    if (found != literals_.end() && (!first || found->second.index < first->index)) first = found->second;
  }
  return first;
}

Lookup EligibleSites::look_up(Table& table, std::string_view site, Inquiry& inquiry) const {
  for (std::string_view key = site; !key.empty(); key = next_key(key, parents_match_)) {
    const Lookup answer = look_up_key(table, key, inquiry);
    if (answer != Lookup::not_found || table.keys() == Keys::pattern) return answer;
  }
  return Lookup::not_found;
}

Lookup EligibleSites::look_up_key(Table& table, std::string_view key, Inquiry& inquiry) const {
  if (folding_ == Folding::utf8 && table.is_available() && !is_valid_utf8(key)) {
    inquiry.warnings.push_back(fmt::format("{}: non-UTF-8 key \"{}\": malformed UTF-8 or invalid codepoint",
                                           table.opened_name(), key));
    return Lookup::not_found;
  }
  return table.find(key, inquiry);
}

}  // namespace uflush

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

/// How the verbose log of the reference shows a table.
std::string table_text(const Table& table) {
  return fmt::format("{}(0,lock|utf8_request)", table.name());
}

std::string lookup_problem(std::string_view list, const Table& table) {
  return fmt::format("{}: {}: table lookup problem", list, table.opened_name());
}

}  // namespace

/// Turns the configuration into an EligibleSites, logging as it goes.
class EligibilityReader {
 public:
  EligibilityReader(EligibleSites& sites, const EligibilityConfig& config, TableContext context, Log& log)
      : sites_(sites), config_(config), context_(std::move(context)), log_(log) {
    context_.on_direct_table = [this](const std::string& name) {
      std::vector<std::string>& known = sites_.direct_tables_;
      if (std::find(known.begin(), known.end(), name) == known.end()) known.push_back(name);
    };
  }

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
      const std::string text =
          tables[i] != nullptr ? table_text(*tables[i]) : fold_case(item.text, sites_.folding_);
      if (log_.verbose() > 0) log_.info("match_string: {}: {} ~? {}", parents_list_name, list_name, text);
      if (tables[i] == nullptr && text != list_name) continue;
      sites_.parent_items_.push_back({item.negated, std::move(tables[i])});
      if (sites_.parent_items_.back().table == nullptr) break;
    }
    Inquiry inquiry;
    const Lookup answer = sites_.find_out_whether_parents_match(inquiry);
    if (answer != Lookup::failed) {
      for (const std::string& warning : inquiry.warnings) log_.warning("{}", warning);
      return true;
    }
    for (std::size_t i = 0; i + 1 < inquiry.warnings.size(); ++i) log_.warning("{}", inquiry.warnings[i]);
    log_.fatal("{}", inquiry.warnings.back());
    return false;
  }

  bool read_sites() {
    const MatchList list = parse_match_list(list_name, config_.fast_flush_domains, context_.read_file);
    std::vector<std::shared_ptr<Table>> tables(list.items.size());
    if (!report(list) || !open_tables(list, tables)) return false;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const MatchItem& item = list.items[i];
      if (log_.verbose() > 0) {
        sites_.item_texts_.push_back(tables[i] != nullptr ? table_text(*tables[i])
                                                          : fold_case(item.text, sites_.folding_));
      }
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
            fmt::format("open file {}: {}", item.text, item.error.message()), false);
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
    for (const std::string& warning : opening.warnings) log_.warning("{}", warning);
    if (opening.error && opening.fatal) {
      log_.fatal("{}", *opening.error);
      return nullptr;
    }
    if (opening.error && !log_open_error(*opening.error)) return nullptr;
    for (const std::string& error : opening.further_errors) {
      if (!log_open_error(error)) return nullptr;
    }
    if (log_.verbose() > 0) log_.info("dict_open: {}", type_name);
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

  EligibleSites& sites_;
  const EligibilityConfig& config_;
  TableContext context_;
  Log& log_;
  std::vector<std::shared_ptr<Table>> opened_;
};

EligibleSites::EligibleSites(const EligibilityConfig& config)
    : folding_(config.smtputf8_enable ? Folding::utf8 : Folding::ascii) {}

std::unique_ptr<EligibleSites> EligibleSites::open(
    const EligibilityConfig& config, const ReadFile& read_file, Log& log,
    const std::function<void(const std::string& path)>& before_open) {
  std::unique_ptr<EligibleSites> sites(new EligibleSites(config));
  if (!EligibilityReader(*sites, config, {config.smtputf8_enable, read_file, before_open}, log).read())
    return nullptr;
  sites->see_who_is_asked();
  return sites;
}

Eligibility EligibleSites::evaluate(std::string_view site, Inquiry& inquiry) {
  inquiry.warnings.clear();
  inquiry.notes.clear();
  inquiry.quiet = false;
  const Lookup parents = find_out_whether_parents_match(inquiry);
  if (parents == Lookup::unanswered) return Eligibility::undecided;
  if (parents == Lookup::failed) return Eligibility::failed;
  return decide(fold_case(site, folding_, scratch_), inquiry);
}

Eligibility EligibleSites::decide(std::string_view site, Inquiry& inquiry) const {
  const std::optional<Literal> literal = first_literal(site);
  for (const TableItem& item : tables_) {
    if (literal && literal->index < item.index) break;
    const Lookup answer = look_up(*item.table, site, inquiry);
    if (answer == Lookup::not_found) continue;
    if (answer == Lookup::unanswered) return Eligibility::undecided;
    note_decision(site, item.index + 1, true, inquiry);
    if (answer == Lookup::found) return item.negated ? Eligibility::denied : Eligibility::eligible;
    if (!inquiry.quiet) inquiry.warnings.push_back(lookup_problem(list_name, *item.table));
    return Eligibility::failed;
  }
  note_decision(site, literal ? literal->index + 1 : item_texts_.size(), literal.has_value(), inquiry);
  return literal && !literal->negated ? Eligibility::eligible : Eligibility::denied;
}

/// The reference tells of each item when it comes to it. We know the outcome first.
void EligibleSites::note_decision(std::string_view site, std::size_t items_looked_at, bool matched,
                                  Inquiry& inquiry) const {
  if (item_texts_.empty()) return;
  for (std::size_t i = 0; i < items_looked_at; ++i)
    inquiry.notes.push_back(fmt::format("match_hostname: {}: {} ~? {}", list_name, site, item_texts_[i]));
  if (!matched) inquiry.notes.push_back(fmt::format("match_list_match: {}: no match", site));
}

/// The answer is of no interest, unless it is that there is none.
Lookup EligibleSites::find_out_whether_parents_match(Inquiry& inquiry) {
  for (const ParentItem& item : parent_items_) {
    const Lookup answer = item.table == nullptr ? Lookup::found : item.table->find(list_name, inquiry);
    if (answer == Lookup::not_found) continue;
    if (answer == Lookup::failed && !inquiry.quiet)
      inquiry.warnings.push_back(lookup_problem(parents_list_name, *item.table));
    if (answer != Lookup::found) return answer;
    parents_match_ = !item.negated;
    break;
  }
  parent_items_.clear();
  return Lookup::found;
}

Eligibility EligibleSites::test(std::string_view site, Log& log) {
  const Eligibility eligibility = evaluate(site, inquiry_);
  for (const std::string& note : inquiry_.notes) log.info("{}", note);
  for (const std::string& warning : inquiry_.warnings) log.warning("{}", warning);
  return eligibility;
}

/// Both are settled once and for all: a worker may be evaluating when they are asked for.
void EligibleSites::see_who_is_asked() {
  const auto look_at = [this](const std::shared_ptr<Table>& table) {
    if (table == nullptr) return;
    may_block_ = may_block_ || table->may_block();
    asks_others_ = asks_others_ || table->is_remote();
  };
  for (const TableItem& item : tables_) look_at(item.table);
  for (const ParentItem& item : parent_items_) look_at(item.table);
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
  if (folding_ == Folding::utf8 && table.looks_at_keys() && !is_valid_utf8(key)) {
    inquiry.warnings.push_back(fmt::format("{}: non-UTF-8 key \"{}\": malformed UTF-8 or invalid codepoint",
                                           table.opened_name(), key));
    return Lookup::not_found;
  }
  return table.find(key, inquiry);
}

}  // namespace uflush

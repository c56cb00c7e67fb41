"""Makes API keys of an unlimited account; asked with a number, it answers the keys' texts."""

from bench.inside import BENCH_EMAIL, answer


def make_keys(count: int) -> list[str]:
    from django.db import transaction

    from accounts.api_keys import mint_key
    from accounts.plans import UNLIMITED
    from accounts.signup import account_of_email
    from tracen.lib.migrating import migrate_pending

    migrate_pending()
    with transaction.atomic():
        account = account_of_email(BENCH_EMAIL)
        account.plan_slug = UNLIMITED.slug
        account.save(update_fields=["plan_slug"])
        return [mint_key(account, f"bench {number}")[1] for number in range(count)]


if __name__ == "__main__":
    answer(make_keys)

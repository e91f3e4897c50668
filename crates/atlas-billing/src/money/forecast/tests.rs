use proptest::prelude::*;

use super::*;

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn cents(cents: i64) -> Cents {
    Cents::from(cents)
}

/// Daily charges from the first of a month.
fn daily(month: Month, amounts: impl IntoIterator<Item = i64>) -> DailyTotals {
    let mut daily = DailyTotals::new();
    for (day, amount) in month.first_day().iter_days().zip(amounts) {
        daily.add_amount(ChargeClass::Daily, Some(day), cents(amount));
    }
    daily
}

/// As of a day of the month.
fn on(month: Month, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(month.year(), month.month(), day).unwrap()
}

fn forecast(of: Month, charges: &DailyTotals, day: u32, options: &ForecastOptions<'_>) -> Forecast {
    Forecast::of(charges, of, on(of, day), options).unwrap()
}

fn has(forecast: &Forecast, kind: AssumptionKind) -> bool {
    forecast.assumptions.iter().any(|it| it.kind == kind)
}

fn range(forecast: &Forecast) -> Option<(i128, i128)> {
    let range = forecast.range?;
    Some((range.low.get(), range.high.get()))
}

/// Days 1 to 14 of February 2025 at 1.00, 15 to 28 at 3.00: 56.00, 2.00 on average.
fn february() -> DailyTotals {
    daily(
        month("2025-02"),
        (0..28).map(|day| if day < 14 { 100 } else { 300 }),
    )
}

#[test]
fn run_rates_as_calculated_by_hand() {
    let flat = |count: usize| vec![10; count];
    let spike: Vec<i64> = [10_000].into_iter().chain([1000; 9]).chain([500]).collect();
    for (of, amounts, day, remaining, total, expected) in [
        // 3 days of 11.00 on average, 28 left: 33.00 + 308.00. Squares 100² + 100² + 0 = 20,000;
        // 1.886² x 20,000 x 28 x 31 / (3 x 2) = 10,291,575, root 3,208.
        (
            "2025-03",
            vec![1000, 1200, 1100, 300],
            5,
            30_800,
            34_100,
            Some((30_892, 37_308)),
        ),
        // A spike of 100.00, then 9 x 10.00: 19.00 x 21 left. Squares 8,100² + 9 x 900² =
        // 72,900,000; 1.383² x 72,900,000 x 21 x 31 / (10 x 9) = 1,008,580,036, root 31,758.
        ("2025-03", spike, 12, 39_900, 58_900, Some((27_142, 90_658))),
        // February in a leap year and in another: 3 complete days, 26 or 25 left.
        ("2024-02", flat(4), 5, 260, 290, Some((290, 290))),
        ("2025-02", flat(4), 5, 250, 280, Some((280, 280))),
        // A single day has no spread.
        ("2025-04", flat(2), 3, 290, 300, None),
        // 29 x 0.5 = 14.5, away from zero; squares 0 and 1 less a mean of 1, rounded: 1 + 0;
        // 3.078² x 1 x 29 x 31 / (2 x 1) = 4,258, root 65; no less than is posted.
        ("2025-03", vec![0, 1, 0], 4, 15, 16, Some((1, 81))),
        // 28 x 4 / 3 = 37.3. Squares 0 + 0 + 1; 1.886² x 28 x 31 / (3 x 2) = 514, root 22.
        ("2025-03", vec![1, 1, 2, 0], 5, 37, 41, Some((19, 63))),
        // Nothing is charged.
        ("2025-03", vec![0; 20], 21, 0, 0, Some((0, 0))),
    ] {
        let of = month(of);
        let found = forecast(
            of,
            &daily(of, amounts.clone()),
            day,
            &ForecastOptions::new(),
        );
        let got = (found.remaining, found.total, range(&found));
        assert_eq!(
            got,
            (cents(remaining), cents(total), expected),
            "{of} {amounts:?}"
        );
        assert_eq!(found.complete_days + found.remaining_days, of.day_count());
        assert_eq!(has(&found, AssumptionKind::Spike), amounts[0] == 10_000);
        assert!(!has(&found, AssumptionKind::OtherMethod));
    }
}

#[test]
fn a_day_of_which_more_is_posted_counts_as_posted() {
    let march = month("2025-03");
    // 2 complete days of 1.00; the 3rd has 4.00 already; 28 more of 1.00.
    let found = forecast(
        march,
        &daily(march, [100, 100, 400]),
        4,
        &ForecastOptions::new(),
    );
    assert_eq!((found.posted, found.remaining), (cents(400), cents(3200)));
    assert_eq!(range(&found), Some((3400, 3400)));
}

#[test]
fn last_months_shape_as_calculated_by_hand() {
    let (march, february) = (month("2025-03"), february());
    let shape = ForecastOptions::new()
        .with_method(ForecastMethod::LastMonthShape)
        .with_last_month(&february);
    // 4 complete days of 2.00 against 1.00: twice last month. Days 5 to 14: 10 x 2.00, days 15 to
    // 28: 14 x 6.00, days 29 to 31, which February lacks: 3 x 4.00; together 116.00.
    let found = forecast(march, &daily(march, [200, 200, 200, 200, 10]), 6, &shape);
    assert_eq!(
        (found.remaining, found.total),
        (cents(11_600), cents(12_400))
    );
    assert_eq!(found.method, ForecastMethod::LastMonthShape);
    assert_eq!(range(&found), Some((12_400, 12_400)));
    assert!(!has(&found, AssumptionKind::OtherMethod));
    // 1.00 and 3.00 are 4.00 against 2.00, twice again: 104.00 + 12 x 2.00 - ... is days 3 to 14:
    // 12 x 2.00, 14 x 6.00, 3 x 4.00, together 120.00. Squares 100² + 100²;
    // 3.078² x 20,000 x 29 x 31 / (2 x 1) = 85,171,656, root 9,228.
    let found = forecast(march, &daily(march, [100, 300, 10]), 4, &shape);
    assert_eq!(found.total, cents(12_400));
    assert_eq!(range(&found), Some((3172, 21_628)));

    let run_rate = forecast(
        march,
        &daily(march, [200, 200, 200]),
        4,
        &ForecastOptions::new(),
    );
    let nothing = DailyTotals::new();
    let method = ForecastMethod::LastMonthShape;
    for options in [
        ForecastOptions::new().with_method(method),
        ForecastOptions::new()
            .with_method(method)
            .with_last_month(&nothing),
    ] {
        let found = forecast(march, &daily(march, [200, 200, 200]), 4, &options);
        assert_eq!(found.method, ForecastMethod::RunRate);
        assert_eq!(found.total, run_rate.total);
        assert!(has(&found, AssumptionKind::OtherMethod));
    }
}

#[test]
fn the_first_days_are_like_last_month() {
    let (march, february) = (month("2025-03"), february());
    let options = ForecastOptions::new().with_last_month(&february);
    let none = DailyTotals::new();
    let found = forecast(march, &none, 1, &options);
    // 31 x 2.00.
    assert_eq!((found.total, found.complete_days), (cents(6200), 0));
    assert_eq!(found.method, ForecastMethod::LastMonthMean);
    assert!(has(&found, AssumptionKind::OtherMethod));
    // The 1st has 2.50 already, and 30 days are left. Squares 28 x 100²;
    // 1.314² x 280,000 x 30 x 58 / (28 x 27) = 1,112,695, root 1,054.
    let found = forecast(march, &daily(march, [250]), 2, &options);
    assert_eq!(found.total, cents(6250));
    assert_eq!(range(&found), Some((5196, 7304)));

    for charges in [none, daily(march, [250])] {
        let error = Forecast::of(&charges, march, on(march, 2), &ForecastOptions::new());
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input);
        assert!(
            error.to_string().contains("no day of 2025-03 is complete"),
            "{error}"
        );
    }
    let early = Forecast::of(&february, march, on(month("2025-02"), 28), &options);
    assert!(early.unwrap_err().to_string().contains("has not begun"));
}

#[test]
fn a_month_that_is_over_is_not_estimated() {
    let (february, of) = (february(), month("2025-02"));
    let found = Forecast::of(
        &february,
        of,
        on(month("2025-03"), 2),
        &ForecastOptions::new(),
    );
    let found = found.unwrap();
    assert_eq!((found.total, found.range), (cents(5600), None));
    assert_eq!((found.complete_days, found.remaining_days), (28, 0));
}

#[test]
fn monthly_charges_and_credits_are_not_multiplied() {
    let march = month("2025-03");
    let mut charges = daily(march, [100, 100, 100, 20]);
    charges.add_amount(ChargeClass::Monthly, Some(march.first_day()), cents(4900));
    charges.add_amount(ChargeClass::Credit, Some(march.first_day()), cents(-700));
    let before = march.first_day().pred_opt();
    charges.add_amount(ChargeClass::Daily, before, cents(33));
    // 31 x 1.00 + 49.00 - 7.00 + 0.33.
    let found = forecast(march, &charges, 5, &ForecastOptions::new());
    assert_eq!(found.total, cents(3100 + 4900 - 700 + 33));
    assert_eq!(found.other_days, cents(33));
    assert_eq!(range(&found), Some((7333, 7333)));
    assert!(!has(&found, AssumptionKind::Late));
    let text = &found.assumptions.last().unwrap().text;
    assert!(text.contains("(49.00) and credits (-7.00)"), "{text}");
    let found = forecast(march, &charges, 20, &ForecastOptions::new());
    assert!(has(&found, AssumptionKind::Late));
    assert_eq!(found.complete_days, 3);
    let json = serde_json::to_value(&found).unwrap();
    assert_eq!(json["method"], "run_rate");
    assert_eq!(json["range"]["percent"], 80);
}

#[test]
fn amounts_beyond_what_can_be_computed_are_errors() {
    let march = month("2025-03");
    let mut huge = daily(march, [1, 1, 1, 1]);
    huge.add_amount(
        ChargeClass::Daily,
        Some(march.first_day()),
        Cents::new(i128::MAX),
    );
    let error = Forecast::of(&huge, march, on(march, 5), &ForecastOptions::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Overflow);
}

proptest! {
    #[test]
    fn a_flat_month_is_exact_on_every_day(
        (year, number) in (2000i32..2030, 1u32..=12),
        amount in 0i64..1_000_000_000,
        posted in 0i64..1_000_000_000,
        shape: bool,
    ) {
        let of = Month::new(year, number).unwrap();
        let last = daily(of.prev(), vec![amount; of.prev().day_count() as usize]);
        let mut options = ForecastOptions::new().with_last_month(&last);
        if shape {
            options = options.with_method(ForecastMethod::LastMonthShape);
        }
        let whole = amount * i64::from(of.day_count());
        for day in 1..=of.day_count() {
            // Yesterday is posted in part.
            let mut amounts = vec![amount; day.saturating_sub(2) as usize];
            if day > 1 {
                amounts.push(posted.min(amount));
            }
            let found = forecast(of, &daily(of, amounts), day, &options);
            prop_assert_eq!(found.total, cents(whole), "on day {}", day);
            prop_assert_eq!(range(&found), Some((whole.into(), whole.into()))
                .filter(|_| found.complete_days != 1));
        }
    }

    #[test]
    fn the_parts_add_up_in_any_order_of_the_items(
        items in proptest::collection::vec((1u32..=31, 0u32..3, -500i64..10_000), 0..60),
        day in 1u32..=31,
        shape: bool,
    ) {
        let (march, february) = (month("2025-03"), february());
        let method = if shape { ForecastMethod::LastMonthShape } else { ForecastMethod::RunRate };
        let options = ForecastOptions::new().with_method(method).with_last_month(&february);
        let text = |(start, length, amount): &(u32, u32, i64)| {
            let end = march.first_day() + chrono::Days::new(u64::from(start - 1 + length));
            let json = format!(
                r#"{{"startDate":"2025-03-{start:02}T00:00:00Z","endDate":"{end}T00:00:00Z","totalPriceCents":{amount}}}"#
            );
            serde_json::from_str::<atlas_billing_raw::types::LineItem>(&json).unwrap()
        };
        let mut items: Vec<_> = items.iter().map(text).collect();
        let charges: DailyTotals = items.iter().collect();
        let found = forecast(march, &charges, day, &options);
        let parts = found.complete + found.remaining + found.monthly + found.credits + found.other_days;
        prop_assert_eq!(found.total, parts);
        let posted = found.complete + found.posted + found.monthly + found.credits;
        prop_assert_eq!(posted, charges.total().gross);
        prop_assert!(found.remaining >= found.posted);
        if let Some(range) = found.range {
            prop_assert!(posted <= range.low && range.low <= found.total && found.total <= range.high);
        }
        items.reverse();
        prop_assert_eq!(forecast(march, &items.iter().collect(), day, &options), found);
    }
}

#[test]
fn a_part_of_an_invoice_is_complete_as_far_as_the_whole_is() {
    // A project that was closed on the 4th, of an invoice that is complete through the 10th: 40.00 in
    // ten days are 4.00 a day, and 21 days are left.
    let first: NaiveDate = "2025-03-01".parse().unwrap();
    let mut daily = DailyTotals::new();
    for day in first.iter_days().take(4) {
        daily.add_amount(ChargeClass::Daily, Some(day), Cents::from(1000));
    }
    let through = "2025-03-10".parse().unwrap();
    let options = ForecastOptions::new().with_complete_through(through);
    let (month, today) = ("2025-03".parse().unwrap(), "2025-03-12".parse().unwrap());
    let forecast = Forecast::of(&daily, month, today, &options).unwrap();
    assert_eq!(forecast.complete_through, Some(through));
    assert_eq!(forecast.total, Cents::from(4000 + 21 * 400));
}

fn assumption(forecast: &Forecast, kind: AssumptionKind) -> Option<&str> {
    let mut found = forecast.assumptions.iter().filter(|it| it.kind == kind);
    found.next().map(|it| it.text.as_str())
}

#[test]
fn amounts_are_of_the_basis_that_is_asked_for() {
    // 10 cents with 1 off on each of 4 days, of which 3 are complete: 31 x 9.
    let items = (1..=4).map(|day| {
        let json = format!(
            r#"{{"startDate":"2025-03-0{day}T00:00:00Z","totalPriceCents":10,"discountCents":1}}"#
        );
        serde_json::from_str::<atlas_billing_raw::types::LineItem>(&json).unwrap()
    });
    let items: Vec<_> = items.collect();
    let options = ForecastOptions::new().with_basis(Basis::PricesLessDiscounts);
    let found = forecast(month("2025-03"), &items.iter().collect(), 5, &options);
    assert_eq!((found.total, found.basis), (cents(279), options.basis));
    let basis = assumption(&found, AssumptionKind::Basis).unwrap();
    assert_eq!(basis, "amounts are prices less discounts, without tax");
}

#[test]
fn the_assumptions_say_what_is_complete_and_how_the_rest_is_estimated() {
    let (march, february) = (month("2025-03"), february());
    let options = ForecastOptions::new().with_last_month(&february);
    let shape = options.clone().with_method(ForecastMethod::LastMonthShape);
    let charges = daily(march, [100; 4]);
    let complete = "charges are complete through 2025-03-03 (3 of 31 days): a day's charges are posted on the next";
    let none = "no day is complete: a day's charges are posted on the next";
    for (day, options, complete, method) in [
        (
            5,
            &options,
            complete,
            "each day that is left is like the mean of the complete days",
        ),
        (
            5,
            &shape,
            complete,
            "each day that is left is like the same day of last month, times what the complete days are to the same days of last month",
        ),
        (
            1,
            &options,
            none,
            "each day is like the mean of last month's days",
        ),
    ] {
        let found = forecast(march, &charges, day, options);
        let kinds = [AssumptionKind::CompleteDays, AssumptionKind::Method];
        let texts = kinds.map(|kind| assumption(&found, kind));
        assert_eq!(texts, [Some(complete), Some(method)], "on day {day}");
    }
    let over = Forecast::of(
        &february,
        month("2025-02"),
        on(march, 2),
        &ForecastOptions::new(),
    );
    let over = over.unwrap();
    assert_eq!(
        assumption(&over, AssumptionKind::CompleteDays),
        Some("all charges through 2025-02-28 are posted: the month is over")
    );
    assert_eq!(assumption(&over, AssumptionKind::Method), None);
}

#[test]
fn charges_are_late_when_three_days_before_today_has_none() {
    let march = month("2025-03");
    // The last charges are of the 10th, and are expected on the 11th.
    for (day, late) in [(12, false), (13, false), (14, true)] {
        let found = forecast(
            march,
            &daily(march, [100; 10]),
            day,
            &ForecastOptions::new(),
        );
        assert_eq!(has(&found, AssumptionKind::Late), late, "on day {day}");
    }
}

#[test]
fn a_spike_is_more_than_three_times_the_median_of_four_days_or_more() {
    let march = month("2025-03");
    for (complete, spike) in [
        (&[100, 100, 1300][..], None),
        (&[100, 100, 100, 100], None),
        (&[100, 100, 100, 300], None),
        (&[0, 0, 0, 0, 5], None),
        (
            &[1300, 100, 400, 100, 400],
            Some("one day cost 13.00, the median day 4.00: "),
        ),
    ] {
        let amounts = complete.iter().copied().chain([50]);
        let day = u32::try_from(complete.len()).unwrap() + 2;
        let found = forecast(march, &daily(march, amounts), day, &ForecastOptions::new());
        assert_eq!(found.complete_days, day - 2);
        let text = assumption(&found, AssumptionKind::Spike);
        assert_eq!(text.is_some(), spike.is_some(), "{complete:?} {text:?}");
        assert!(
            text.unwrap_or_default()
                .starts_with(spike.unwrap_or_default())
        );
    }
}

#[test]
fn a_spread_beyond_what_fits_scaled_is_computed_unscaled() {
    // Nine days, of which four are 3 x 10^16 above the mean of zero and four as much below; 16 days
    // are estimated. The squares are 8 x 9 x 10^32, x 16 x (9 + 16) / (9 x 8) = 4 x 10^34, root
    // 2 x 10^17, x 1.397. Scaled by a million, 2.88 x 10^36 x 1,397² is beyond 128 bits.
    let far = 30_000_000_000_000_000;
    let days = [far, -far, far, -far, far, -far, far, -far, 0].map(|amount| (amount, 1));
    let half = spread::half_width(&days, 0, 9, 16);
    assert_eq!(half, Some(Some(279_400_000_000_000_000)));
}

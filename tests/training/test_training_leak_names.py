"""Names of fields that tell that they change as a deal goes on: what three CRMs call theirs, and what is innocent."""

import tomllib
from pathlib import Path

import pytest

from training.leak_fields import changes

ROOT = Path(__file__).parents[2]
HUBSPOT = """
    lifecyclestage dealstage closedate hs_lastmodifieddate lastmodifieddate hs_lead_status hubspot_owner_id
    hubspot_owner_assigneddate notes_last_contacted notes_last_updated notes_next_activity_date hs_latest_source
    hs_lifecyclestage_customer_date hs_is_closed hs_is_closed_won hs_closed_amount closed_lost_reason days_to_close
    hs_deal_stage_probability hs_analytics_last_visit_timestamp recent_deal_amount total_revenue
"""
SALESFORCE = """
    StageName IsWon IsClosed IsConverted ConvertedDate ConvertedAccountId ConvertedOpportunityId LastActivityDate
    LastModifiedDate LastModifiedById LastStageChangeDate SystemModstamp LeadStatus Status OwnerId CloseDate Probability
    ForecastCategory ForecastCategoryName ExpectedRevenue NextStep Lead_Status__c Date_Became_Customer__c
"""
DYNAMICS = """
    statuscode statecode modifiedon modifiedby ownerid owninguser owningbusinessunit salesstage salesstagecode stageid
    closeprobability actualclosedate estimatedclosedate actualvalue estimatedvalue lastonholdtime lastusedincampaign
"""
AS_WRITTEN_ELSEWHERE = (
    "Lifecycle Stage",  # HubSpot's labels
    "Became a Customer Date",
    "Contact owner",
    "Lead Status",
    "LIFECYCLESTAGE",
    "STAGE_NAME",
    "deal.stage",
    "lead-status",
    "dealStage2",
    "leadowner",
    "isclosed",
)
INNOCENT = """
    Industry NumberOfEmployees numberofemployees numemployees AnnualRevenue annualrevenue Country LeadSource
    leadsourcecode industrycode mandate candidate update_frequency estate real_estate postage hostage statement_of_need
    state State StateCode state_code StateOrProvince address1_stateorprovince MailingState birthdate Birthdate
    createdate CreatedDate createdon FirstName LastName lastname last_name Ownership ownershipcode homepage
    company_size jobtitle Title city zip Website wonderland lasting closest_office island analysis datetime_zone
    salesforce_edition leadtime contactable userbase onboarding nametag timezone usedcars category amount deal_type
"""


@pytest.mark.parametrize("name", [*(HUBSPOT + SALESFORCE + DYNAMICS).split(), *AS_WRITTEN_ELSEWHERE])
def test_a_crms_own_name_for_what_changes_as_a_deal_goes_on_tells_it(name: str) -> None:
    assert changes(name)


@pytest.mark.parametrize("name", INNOCENT.split())
def test_a_name_that_only_holds_the_letters_of_such_a_word_is_innocent(name: str) -> None:
    assert not changes(name)


@pytest.mark.parametrize(
    "crm", [ROOT / "histories/sample/templates/crm.toml", *sorted(ROOT.glob("examples/*/crm.toml"))]
)
def test_no_attribute_of_the_sample_and_the_examples_has_a_telling_name(crm: Path) -> None:
    read = tomllib.loads(crm.read_text(encoding="utf-8"))
    names = [*read["leads"]["attributes"], *(table["name"] for table in read.get("attributes", []) if "name" in table)]
    assert names
    assert [name for name in names if changes(name)] == []

using System.Text;
using Pantry.Configuration;
using Pantry.Protocol;
using Pantry.Security;

namespace Pantry.Server.Provisioning;

/// <summary>What operators' consoles ask about packages, applications and reports.</summary>
internal sealed class ProvisioningConversation(ProvisioningDesks desks, PantryOptions options)
{
    /// <summary>Answers the request; false where it is about something else.</summary>
    /// <exception cref="PantryException">The operator may not, or it cannot be done.</exception>
    public async Task<bool> TryAnswerAsync(ServerSession session, Message message, OperatorEntry by)
    {
        string from = session.Address;
        switch (message.Head)
        {
            case ListPackages list:
                await session.PostListAsync(message, MessageKind.PackagePage, desks.Packages.List(list.Filter, by, from), options.ClientPageSize, (items, last) => new PackagePage(items, last)).ConfigureAwait(false);
                return true;
            case PublishPackage publish:
                await session.PostPageAsync(message, MessageKind.PackagePublished, new PackagePublished(await desks.Packages.PublishAsync(publish, by, from).ConfigureAwait(false))).ConfigureAwait(false);
                return true;
            case RemovePackage remove:
                await session.PostPageAsync(message, MessageKind.PackageRemoved, new PackageRemoved(await desks.Packages.RemoveAsync(remove, by, from).ConfigureAwait(false))).ConfigureAwait(false);
                return true;
            case VerifyPackages:
                foreach (PackagesVerified page in desks.Verification(by, from).Run())
                    await session.PostPageAsync(message, MessageKind.PackagesVerified, page).ConfigureAwait(false);
                return true;
            default:
                return await TryAnswerOfApplicationsAsync(session, message, by, from).ConfigureAwait(false);
        }
    }

    private async Task<bool> TryAnswerOfApplicationsAsync(ServerSession session, Message message, OperatorEntry by, string from)
    {
        switch (message.Head)
        {
            case ListApplications list:
                await session.PostListAsync(message, MessageKind.ApplicationPage, desks.Applications.List(list.Filter, by), options.ClientPageSize, (items, last) => new ApplicationPage(items, last)).ConfigureAwait(false);
                return true;
            case ReadApplication read:
                ApplicationInfo application = desks.Applications.Open(read, by, from);
                await session.PostPageAsync(message, MessageKind.ApplicationRead, new ApplicationRead(application), Encoding.UTF8.GetBytes(application.Document)).ConfigureAwait(false);
                return true;
            case SaveApplication save:
                await session.PostPageAsync(message, MessageKind.ApplicationSaved, await desks.Applications.SaveAsync(save, message.Body(0), by, from).ConfigureAwait(false)).ConfigureAwait(false);
                return true;
            case RemoveApplication remove:
                await session.PostPageAsync(message, MessageKind.ApplicationSaved, new ApplicationSaved(await desks.Applications.RemoveAsync(remove, by, from).ConfigureAwait(false))).ConfigureAwait(false);
                return true;
            case PlanClients plan:
                // One plan can be large: a client has up to a thousand packages, and all its parameters.
                await session.PostListAsync(message, MessageKind.PlanPage, desks.Plans.List(plan.Filter, by), 4, (items, last) => new PlanPage(items, last)).ConfigureAwait(false);
                return true;
            case MakePlans make:
                await session.PostListAsync(message, MessageKind.PlansMade, desks.Plans.Share(make.Target, by), 1, (items, last) => new PlansMade(items, last)).ConfigureAwait(false);
                return true;
            case ListReports list:
                await session.PostListAsync(message, MessageKind.ReportPage, desks.Reports.List(list.Filter, by), options.Provisioning.ReportPageSize, (items, last) => new ReportPage(items, last)).ConfigureAwait(false);
                return true;
            default:
                return false;
        }
    }
}

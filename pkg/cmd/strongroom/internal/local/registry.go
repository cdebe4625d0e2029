package local

import (
	"strongroom/pkg/handler"
	"strongroom/pkg/operation"
)

// registry is the handler of every operation that has a route. It stands here and nowhere else, and so do those of the
// other operations below: whoever links them links every handler, which a program that serves one operation must not.
var registry = map[operation.Name]handler.Func{
	operation.Whoami:                handler.Whoami,
	operation.GetOrganization:       handler.GetOrganization,
	operation.UpdateOrganization:    handler.UpdateOrganization,
	operation.ListPrincipals:        handler.ListPrincipals,
	operation.CreatePrincipal:       handler.CreatePrincipal,
	operation.GetPrincipal:          handler.GetPrincipal,
	operation.UpdatePrincipal:       handler.UpdatePrincipal,
	operation.DeletePrincipal:       handler.DeletePrincipal,
	operation.PutIdentities:         handler.PutIdentities,
	operation.ListGroupMembers:      handler.ListGroupMembers,
	operation.ChangeGroupMembers:    handler.ChangeGroupMembers,
	operation.DisablePrincipal:      handler.DisablePrincipal,
	operation.EnablePrincipal:       handler.EnablePrincipal,
	operation.ListProjects:          handler.ListProjects,
	operation.CreateProject:         handler.CreateProject,
	operation.GetProject:            handler.GetProject,
	operation.UpdateProject:         handler.UpdateProject,
	operation.AddProjectKey:         handler.AddProjectKey,
	operation.DeleteProjects:        handler.DeleteProjects,
	operation.ListSecrets:           handler.ListSecrets,
	operation.CreateSecret:          handler.CreateSecret,
	operation.GetSecret:             handler.GetSecret,
	operation.GetSecretByName:       handler.GetSecretByName,
	operation.UpdateSecret:          handler.UpdateSecret,
	operation.DeleteSecrets:         handler.DeleteSecrets,
	operation.GetSecretsByIDs:       handler.GetSecretsByIDs,
	operation.ListProjectSecrets:    handler.ListProjectSecrets,
	operation.GetProjectValues:      handler.GetProjectValues,
	operation.ListSecretVersions:    handler.ListSecretVersions,
	operation.GetSecretVersion:      handler.GetSecretVersion,
	operation.RestoreSecretVersion:  handler.RestoreSecretVersion,
	operation.GetRotation:           handler.GetRotation,
	operation.PutRotation:           handler.PutRotation,
	operation.DeleteRotation:        handler.DeleteRotation,
	operation.RotateSecret:          handler.RotateSecret,
	operation.ClaimRotation:         handler.ClaimRotation,
	operation.PutPendingVersion:     handler.PutPendingVersion,
	operation.PromoteVersion:        handler.PromoteVersion,
	operation.DiscardPendingVersion: handler.DiscardPendingVersion,
	operation.ReportRotation:        handler.ReportRotation,
	operation.GetProjectAccess:      handler.GetProjectAccess,
	operation.PutProjectAccess:      handler.PutProjectAccess,
	operation.GetSecretAccess:       handler.GetSecretAccess,
	operation.PutSecretAccess:       handler.PutSecretAccess,
	operation.ListSecretPrincipals:  handler.ListSecretPrincipals,
	operation.ListPrincipalAccess:   handler.ListPrincipalAccess,
	operation.ExplainAccess:         handler.ExplainAccess,
	operation.BreakGlass:            handler.BreakGlass,
	operation.ListTrash:             handler.ListTrash,
	operation.RestoreFromTrash:      handler.RestoreFromTrash,
	operation.PurgeTrash:            handler.PurgeTrash,
	operation.ListEvents:            handler.ListEvents,
	operation.ListSecretEvents:      handler.ListSecretEvents,
	operation.ListSecretReaders:     handler.ListSecretReaders,
	operation.ListPrincipalReads:    handler.ListPrincipalReads,
	operation.ListSeals:             handler.ListSeals,
	operation.ListRotations:         handler.ListRotations,
	operation.ExportEvents:          handler.ExportEvents,
}

// streams is the function of every operation that the table's stream starts.
var streams = map[operation.Name]handler.StreamFunc{
	operation.PublishChanges: handler.PublishChanges,
	operation.RollUpReads:    handler.RollUpReads,
}

// events is the function of every operation that events of EventBridge start.
var events = map[operation.Name]handler.EventFunc{
	operation.RotateOnEvent: handler.RotateOnEvent,
}

// schedules is the function of every operation that the clock starts.
var schedules = map[operation.Name]handler.ScheduleFunc{
	operation.SealEvents:        handler.SealEvents,
	operation.PurgeExpiredTrash: handler.PurgeExpiredTrash,
	operation.SweepDeleted:      handler.SweepDeleted,
	operation.RotateDataKeys:    handler.RotateDataKeys,
	operation.DispatchRotations: handler.DispatchRotations,
}

package prove

// keyActions are KMS's actions on a key (https://docs.aws.amazon.com/service-authorization/latest/reference/list_awskeymanagementservice.html),
// and one that there is not: a Deny that leaves it out would leave out what KMS learns next.
var keyActions = []string{
	"kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKeyWithoutPlaintext",
	"kms:GenerateDataKeyPair", "kms:GenerateDataKeyPairWithoutPlaintext", "kms:CreateGrant", "kms:Sign", "kms:Verify", "kms:GenerateMac",
	"kms:VerifyMac", "kms:DeriveSharedSecret", "kms:GetPublicKey", "kms:DescribeKey", "kms:GetKeyPolicy", "kms:PutKeyPolicy",
	"kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags", "kms:GetKeyRotationStatus", "kms:GetParametersForImport",
	"kms:RetireGrant", "kms:RevokeGrant", "kms:EnableKey", "kms:DisableKey", "kms:EnableKeyRotation", "kms:DisableKeyRotation", "kms:RotateKeyOnDemand",
	"kms:ScheduleKeyDeletion", "kms:CancelKeyDeletion", "kms:ImportKeyMaterial", "kms:DeleteImportedKeyMaterial", "kms:CreateAlias",
	"kms:DeleteAlias", "kms:UpdateAlias", "kms:UpdateKeyDescription", "kms:UpdatePrimaryRegion", "kms:ReplicateKey", "kms:SynchronizeMultiRegionKey",
	"kms:TagResource", "kms:UntagResource", anyOther,
}

// anyOther stands for the actions that are not listed.
const anyOther = "kms:AnythingElse"

// opening are the actions that use a key, or let others use it.
var opening = []string{
	"kms:Decrypt", "kms:GenerateDataKey", "kms:Encrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:GenerateDataKeyPair",
	"kms:DeriveSharedSecret", "kms:CreateGrant", "kms:PutKeyPolicy", "kms:Sign", "kms:GenerateMac", "kms:ReplicateKey",
}

// granted are the actions that clients make grants on the client key for.
var granted = []string{"kms:Decrypt", "kms:GenerateDataKey"}

// tableActions are DynamoDB's actions on a table, an index or a stream, and one that there is not
// (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html).
var tableActions = []string{
	"dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "dynamodb:BatchWriteItem", "dynamodb:PutItem",
	"dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:ConditionCheckItem", "dynamodb:PartiQLSelect", "dynamodb:PartiQLInsert",
	"dynamodb:PartiQLUpdate", "dynamodb:PartiQLDelete", "dynamodb:DescribeTable", "dynamodb:UpdateTable", "dynamodb:DeleteTable",
	"dynamodb:ExportTableToPointInTime", "dynamodb:CreateBackup", "dynamodb:RestoreTableToPointInTime", "dynamodb:DescribeTimeToLive",
	"dynamodb:UpdateTimeToLive", "dynamodb:UpdateContinuousBackups", "dynamodb:PutResourcePolicy", "dynamodb:DeleteResourcePolicy",
	"dynamodb:TagResource", "dynamodb:EnableKinesisStreamingDestination", "dynamodb:DescribeStream", "dynamodb:GetRecords",
	"dynamodb:GetShardIterator", "dynamodb:AnythingElse",
}

// streamActions are what Lambda reads a stream with, in the function's name
// (https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-eventsourcemapping.html).
var streamActions = []string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"}

// throughDynamoDB are what DynamoDB does with a table's key for who reads and writes the table
// (https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html).
var throughDynamoDB = []string{
	"kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:ReEncryptFrom", "kms:ReEncryptTo",
}
